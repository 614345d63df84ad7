using System.Text.RegularExpressions;
using TorchLm.Data.Fables;

namespace TorchLm.Tests.Fables;

public class FableTextTests
{
    private static readonly Fable[] Fables = [.. new FableGenerator(99).Generate(4000)];

    [Fact]
    public void The_alphabet_is_small_and_printable()
    {
        char[] alphabet = [.. Fables.SelectMany(fable => fable.Text).Distinct().Order()];
        Assert.All(alphabet, c => Assert.True(c is '\n' or >= ' ' and <= '~', $"U+{(int)c:X4}"));
        Assert.InRange(alphabet.Length, 45, 62);
    }

    [Fact]
    public void A_blank_line_ends_a_fable_and_is_nowhere_else()
    {
        Assert.All(Fables, fable => Assert.Equal(fable.Text.Length - 2, fable.Text.IndexOf("\n\n", StringComparison.Ordinal)));
        string stream = string.Concat(Fables.Take(50).Select(fable => fable.Text));
        Assert.Equal(Fables.Take(50).Select(fable => fable.Text), stream[..^2].Split("\n\n").Select(text => text + "\n\n"));
    }

    [Fact]
    public void A_fable_has_a_title_some_paragraphs_with_speech_and_a_moral()
    {
        Assert.All(Fables, fable =>
        {
            string[] lines = fable.Text[..^2].Split('\n');
            Assert.InRange(lines.Length, 5, 8);
            Assert.InRange(fable.Text.Length, 600, 1500);
            Assert.Contains('"', fable.Text);
            Assert.Matches("^[A-Z][^.!?]*$", lines[0]);
            Assert.Matches("^[A-Z][a-z ]*: [a-z].*\\.$", lines[^1]);
            Assert.All(lines[1..], line => Assert.Matches("^[\"A-Z].*[.!?\"]$", line));
        });
    }

    [Fact]
    public void Articles_agree_with_the_next_letter() =>
        AssertNowhere(@"\b[Aa] [aeiouAEIOU]|\b[Aa]n (?!hour)[^aeiouAEIOU]|\b[Aa]n? (honest|honour|use|uni|one)");

    [Fact]
    public void Sentences_begin_with_capitals() => AssertNowhere("[.!?]\"? [a-z](?<![!?]\" [a-z])|^[a-z]|\n[a-z]");

    [Fact]
    public void Spaces_and_punctuation_are_in_order() =>
        AssertNowhere("  | \n|\n | [.,;:?!]|[,;:.]{2}|[!?][,.]|,[A-Za-z]|\\.[A-Za-z]|[{}\\[\\]|]|\\b(\\w+) \\1\\b");

    [Fact]
    public void Quotation_marks_are_balanced_in_every_paragraph() =>
        Assert.All(
            Fables.SelectMany(fable => fable.Text.Split('\n')), line => Assert.True(line.Count(c => c == '"') % 2 == 0, line));

    [Fact]
    public void The_animals_of_the_title_act_in_the_fable()
    {
        Assert.All(Fables, fable =>
        {
            int end = fable.Text.IndexOf('\n', StringComparison.Ordinal);
            string body = fable.Text[end..].ToLowerInvariant();
            string[] animals =
            [
                .. Regex.Matches(fable.Text[..end], "[A-Z][a-z]+").Select(m => m.Value.ToLowerInvariant()).Where(Animals.Contains),
            ];
            Assert.InRange(animals.Length, 2, 3);
            Assert.All(animals, animal => Assert.Contains(animal, body, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("([a-z]+) (?:named|called|by the name of|known as|whose name was) ([A-Z][a-z]+)", 2, 1)] // "a fox named Ruby"
    [InlineData("(?:named|called|by the name of|known as|whose name was) ([A-Z][a-z]+)[^.]*\\. (He|She) ", 1, 2)] // "Ruby. She"
    public void A_name_belongs_to_one_species_and_one_pronoun(string pattern, int nameGroup, int wordGroup)
    {
        var words = Fables.Select(fable => fable.Text.Replace("whom all called", "named", StringComparison.Ordinal))
            .SelectMany(text => Regex.Matches(text, pattern))
            .GroupBy(match => match.Groups[nameGroup].Value, match => match.Groups[wordGroup].Value)
            .ToDictionary(group => group.Key, group => group.ToHashSet());
        Assert.True(words.Count > 80, $"{words.Count} names");
        Assert.All(words, pair => Assert.True(pair.Value.Count == 1, $"{pair.Key}: {string.Join(", ", pair.Value)}"));
    }

    private static readonly HashSet<string> Animals = [.. (
        "ant badger bear beaver bee beetle boar cat cricket crow dog donkey duck eagle fox frog goat goose "
        + "hare hedgehog hen heron horse jackdaw ladybird lamb lion magpie mole monkey mouse otter owl ox "
        + "peacock pig rabbit rat raven rooster snail sparrow spider squirrel stag swallow swan toad tortoise "
        + "weasel wolf wren").Split(' ')];

    private static void AssertNowhere(string pattern)
    {
        foreach (Fable fable in Fables)
        {
            Match match = Regex.Match(fable.Text, pattern);
            Assert.False(match.Success, $"\"{match.Value}\" in:\n{fable.Text}");
        }
    }
}
