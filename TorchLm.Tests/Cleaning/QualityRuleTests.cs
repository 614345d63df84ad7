using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class QualityRuleTests
{
    [Theory]
    [InlineData(49, false)]
    [InlineData(50, true)]
    [InlineData(100_000, true)]
    [InlineData(100_001, false)]
    public void Word_count(int words, bool stays) => AssertStays(stays, "word-count", Repeat("word ", words));

    [Theory]
    [InlineData("abc abc", true)] // 3
    [InlineData("abc ab", false)]
    [InlineData("abcdefghij abcdefghij", true)] // 10
    [InlineData("abcdefghij abcdefghijk", false)]
    public void Mean_word_length(string text, bool stays) => AssertStays(stays, "mean-word-length", text);

    [Theory]
    [InlineData("#", 1, true)] // 1 of 10 words
    [InlineData("#", 2, false)]
    [InlineData("...", 1, true)]
    [InlineData("...", 2, false)]
    [InlineData("…", 2, false)]
    public void Symbol_ratio(string symbol, int count, bool stays) =>
        AssertStays(stays, "symbol-ratio", string.Join(' ', Enumerable.Range(0, 10).Select(i => i < count ? "word" + symbol : "word")));

    [Theory]
    [InlineData(9, true)]
    [InlineData(10, false)]
    public void Bullet_lines(int bullets, bool stays) => AssertStays(stays, "bullet-lines", Lines(10, bullets, "• item", "plain"));

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void Ellipsis_lines(int ellipses, bool stays)
    {
        AssertStays(stays, "ellipsis-lines", Lines(10, ellipses, "read more...", "plain."));
        AssertStays(stays, "ellipsis-lines", Lines(10, ellipses, "read more…", "plain."));
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(7, false)]
    public void Alphabetic_words(int alphabetic, bool stays) => AssertStays(stays, "alphabetic-words", Lines(10, alphabetic, "é1", "123"));

    [Theory]
    [InlineData("The sea \"AND\" sun", true)]
    [InlineData("the the the other", false)] // two different ones
    [InlineData("thermal bed often andes", false)]
    [InlineData("to be", true)]
    public void Stop_words(string text, bool stays) => AssertStays(stays, "stop-words", text);

    [Theory]
    [InlineData(3, true)] // 3 of 10 lines repeat
    [InlineData(4, false)]
    public void Repeated_lines(int repeats, bool stays)
    {
        // The lines that do not repeat are long, so that the share of characters does not strike.
        IEnumerable<string> different = Enumerable.Range(0, 9 - repeats).Select(i => new string((char)('a' + i), 100));
        AssertStays(stays, "repeated-lines", string.Join('\n', different.Concat(Enumerable.Repeat("same", repeats + 1))));
    }

    [Theory]
    [InlineData(200, true)] // 200 of 1000 characters are in the repeated line
    [InlineData(201, false)]
    public void Characters_in_repeated_lines(int length, bool stays)
    {
        string line = new('x', length);
        string text = $"{line}\n{line}\na\nb\nc\nd\n";
        AssertStays(stays, "repeated-lines", text + new string('z', 1000 - text.Length));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void Repeated_paragraphs(int repeats, bool stays)
    {
        // Few of the lines repeat, but whole paragraphs do: the others have ten lines.
        IEnumerable<string> different = Enumerable.Range(0, 9 - repeats).Select(i =>
            string.Join('\n', Enumerable.Range(0, 10).Select(k => $"line {i} {k} of a paragraph")));
        AssertStays(stays, "repeated-lines", string.Join("\n\n", different.Concat(Enumerable.Repeat("same", repeats + 1))));
    }

    [Theory]
    [InlineData(2, 20, true)]
    [InlineData(2, 21, false)]
    [InlineData(3, 18, true)]
    [InlineData(3, 21, false)]
    [InlineData(4, 16, true)]
    [InlineData(4, 20, false)]
    public void Characters_in_the_most_frequent_gram(int size, int percent, bool stays)
    {
        // 1000 words of 4 characters; a gram of `size` words that repeats until it makes up the percentage.
        int occurrences = percent * 10 / size;
        List<string> words = [];
        int unique = 0;
        for (int i = 0; i < occurrences; i++)
        {
            for (int k = 0; k < size; k++) words.Add($"top{k}");
            words.Add($"{unique++:D4}");
        }
        while (words.Count < 1000) words.Add($"{unique++:D4}");
        CleaningOptions options = new()
        {
            MaxTopGramCharacters = [.. new[] { 0.20, 0.18, 0.16 }.Select((limit, i) => i == size - 2 ? limit : 1)],
            MaxRepeatedGramCharacters = [1, 1, 1, 1, 1, 1],
        };
        Assert.Equal(stays, CleaningTexts.Step("repeated-ngrams", options).Apply(string.Join(' ', words)).Text is not null);
    }

    [Theory]
    [InlineData(5, 0.15)]
    [InlineData(6, 0.14)]
    [InlineData(7, 0.13)]
    [InlineData(8, 0.12)]
    [InlineData(9, 0.11)]
    [InlineData(10, 0.10)]
    public void Characters_in_repeated_grams(int size, double limit)
    {
        // A run of words occurs twice; its second occurrence is the repeated part, at the limit and one word above it.
        foreach (int extra in new[] { 0, 1 })
        {
            int run = (int)Math.Round(1000 * limit) + extra;
            IEnumerable<string> words = Enumerable.Range(0, 1000 - run).Concat(Enumerable.Range(0, run)).Select(i => $"{i:D4}");
            CleaningOptions options = new() { MaxRepeatedGramCharacters = [.. Enumerable.Range(5, 6).Select(n => n == size ? limit : 1)] };
            Assert.Equal(extra == 0, CleaningTexts.Step("repeated-ngrams", options).Apply(string.Join(' ', words)).Text is not null);
        }
    }

    [Fact]
    public void Repeated_grams_agree_with_a_count_by_strings()
    {
        Random random = new(3);
        for (int round = 0; round < 60; round++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(2, 150)).Select(_ => new string((char)('a' + random.Next(3)), 1 + random.Next(2)))];
            double total = words.Sum(word => word.Length);
            bool[] covered = new bool[words.Length];
            HashSet<string> seen = [];
            for (int i = 0; i + 5 <= words.Length; i++)
                if (!seen.Add(string.Join(' ', words[i..(i + 5)]))) Array.Fill(covered, true, i, 5);
            double share = words.Where((_, i) => covered[i]).Sum(word => word.Length) / total;

            foreach (double limit in new[] { share, share - 1e-9 })
            {
                if (limit < 0) continue;
                CleaningOptions options = new() { MaxTopGramCharacters = [1, 1, 1], MaxRepeatedGramCharacters = [limit, 1, 1, 1, 1, 1] };
                CleaningResult result = CleaningTexts.Step("repeated-ngrams", options).Apply(string.Join(' ', words));
                bool struckByTop = result.Sample?.Contains("most frequent") ?? false;
                if (!struckByTop) Assert.Equal(limit == share, result.Text is not null);
            }
        }
    }

    [Theory]
    [InlineData(12, false)] // 12 of 100 lines: not enough
    [InlineData(13, true)]
    public void Line_punctuation(int punctuated, bool stays) =>
        AssertStays(stays, "line-punctuation", Lines(100, punctuated, "It ends.", "It does not"));

    [Theory]
    [InlineData(66, true)]
    [InlineData(67, false)]
    public void Short_lines(int shortLines, bool stays) =>
        AssertStays(stays, "short-lines", Lines(100, shortLines, new string('s', 29), new string('l', 30)));

    [Theory]
    [InlineData("lorem-ipsum", "Text Lorem Ipsum dolor", false)]
    [InlineData("lorem-ipsum", "lorem and ipsum", true)]
    [InlineData("curly-brackets", "if (x) { y }", false)]
    [InlineData("curly-brackets", "if (x) [ y ]", true)]
    [InlineData("few-sentences", "One. Two! Three?", true)]
    [InlineData("few-sentences", "One. Two... and www.example.com", false)]
    [InlineData("few-sentences", "He said \"One.\" (Two.) Three!!!", true)]
    [InlineData("few-sentences", "一。二。三。", true)]
    public void Pages_that_are_no_prose(string rule, string text, bool stays) => AssertStays(stays, rule, text);

    [Theory]
    [InlineData("This line has five words.", true)]
    [InlineData("This line has four.", false)]
    [InlineData("This line has no terminal punctuation", false)]
    [InlineData("Please enable JavaScript in your browser.", false)]
    [InlineData("\"This is a whole quotation\"", true)]
    public void C4_lines(string line, bool stays) =>
        Assert.Equal(stays ? $"{line}\nAnother line that will always stay." : "Another line that will always stay.",
            CleaningTexts.Step("c4-lines").Apply($"{line}\nAnother line that will always stay.").Text);

    [Fact]
    public void A_removed_document_says_what_was_measured_and_how_it_begins()
    {
        CleaningResult result = CleaningTexts.Step("word-count").Apply("Only a\nfew words");
        Assert.Null(result.Text);
        Assert.Equal(1, result.Count);
        Assert.Equal("4 words, fewer than 50: Only a few words", result.Sample);
    }

    [Fact]
    public void Prose_passes_every_rule_of_the_web()
    {
        string text = CleaningTexts.Prose(400, 7).Replace("the", "the river and", StringComparison.Ordinal);
        foreach (string name in CleaningSteps.Web) Assert.NotNull(CleaningTexts.Step(name).Apply(text).Text);
    }

    private static void AssertStays(bool stays, string rule, string text) =>
        Assert.Equal(stays, CleaningTexts.Step(rule).Apply(text).Text is not null);

    private static string Lines(int all, int special, string specialLine, string other) =>
        string.Join('\n', Enumerable.Range(0, all).Select(i => i < special ? specialLine : other));

    private static string Repeat(string part, int count) => string.Concat(Enumerable.Repeat(part, count));
}
