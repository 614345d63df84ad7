using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class StopStringsTests
{
    [Fact]
    public void The_text_ends_where_a_naive_search_over_all_of_it_ends()
    {
        var random = new Random(23);
        for (int run = 0; run < 5000; run++)
        {
            string text = TextSamples.RandomOf("aab\n", 1, 30, random.Next()).Single();
            string[] stops = [.. TextSamples.RandomOf("aab\n", random.Next(4), 5, random.Next()).Where(stop => stop.Length > 0)];
            var (expected, found) = Naive(text, stops);

            var filter = new StopStrings(stops);
            string actual = "";
            for (int start = 0, length; start < text.Length; start += length)
            {
                length = Math.Min(random.Next(1, 6), text.Length - start);
                actual += filter.Add(text.AsSpan(start, length));
                Assert.StartsWith(actual, expected, StringComparison.Ordinal); // never too much, at no time
            }
            Assert.Equal(expected, actual + filter.Flush());
            Assert.Equal(found, filter.Found);
        }
    }

    [Fact]
    public void What_may_begin_a_stop_string_is_held_back_and_no_more()
    {
        var filter = new StopStrings(["\n\nUser:", "END"]);
        Assert.Equal("a", filter.Add("a"));
        Assert.Equal("b", filter.Add("b\n"));
        Assert.Equal("\n", filter.Add("\n\n")); // the first line break cannot begin one any more
        Assert.Equal("", filter.Add("User"));
        Assert.Equal("\n\nUser!", filter.Add("!E"));
        Assert.Equal("E", filter.Add("E"));
        Assert.False(filter.HasStopped);
        Assert.Equal("", filter.Add("ND more"));
        Assert.True(filter.HasStopped);
        Assert.Equal("END", filter.Found);
        Assert.Equal("", filter.Add("anything"));
        Assert.Equal("", filter.Flush());
    }

    [Fact]
    public void Of_several_the_one_that_is_complete_first_counts_and_of_those_the_longest()
    {
        var filter = new StopStrings(["abcd", "c", "bc"]);
        Assert.Equal("a", filter.Add("abcd"));
        Assert.Equal("bc", filter.Found);
    }

    [Fact]
    public void Without_stop_strings_all_text_passes()
    {
        var filter = new StopStrings([]);
        Assert.Equal("text", filter.Add("text"));
        Assert.Equal("", filter.Flush());
        Assert.False(filter.HasStopped);
    }

    [Fact]
    public void An_empty_stop_string_is_refused() =>
        Assert.Contains("empty", Assert.Throws<TokenizerException>(() => new StopStrings(["x", ""])).Message);

    private static (string Text, string? Found) Naive(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
            if (stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length) is { } found)
                return (text[..(end - found.Length)], found);
        return (text, null);
    }
}
