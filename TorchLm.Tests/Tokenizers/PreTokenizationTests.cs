using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class PreTokenizationTests
{
    [Fact]
    public void Words_of_GPT2_are_those_of_hand_written_rules()
    {
        var texts = TextSamples.Tricky.Concat(TextSamples.Random(2000, seed: 7))
            .Concat(TextSamples.RandomOf("ab's re1! \n𝐁🙂", 2000, 20, seed: 8));
        foreach (string text in texts) Assert.Equal(NaiveBpe.Words(text), Words(PreTokenization.Gpt2, text));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("cl100k")]
    [InlineData("o200k")]
    [InlineData("nanochat")]
    public void Words_are_those_of_the_regular_expressions(string name)
    {
        var texts = TextSamples.Tricky.Concat(TextSamples.Random(20_000, seed: 61))
            .Concat(TextSamples.RandomOf("aB's tRe!/ \n\r1", 20_000, 16, seed: 62))
            .Concat(TextSamples.RandomOf("aBéÉ日ǅʰ\u0301\u0488𐐀𐐨𝟐𠀀🙂Ⅷ '\u017Fl/\n", 20_000, 14, seed: 63))
            .Concat(TextSamples.RandomOf(" \n\r\t\u0085\u00A0\u2028\u3000\u200B\u001C!", 5_000, 10, seed: 64))
            .Concat(TextSamples.RandomOf("'sSdDmMtTlLvVeErR\u017F\u212A ", 10_000, 8, seed: 65))
            .Append(TokenizerSamples.Corpus);
        foreach (string text in texts) Assert.Equal(RegexSplit.Words(name, text), Words(PreTokenization.Find(name), text));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("cl100k")]
    [InlineData("o200k")]
    [InlineData("nanochat")]
    public void Every_character_of_the_basic_plane_has_the_class_of_the_regular_expressions(string name)
    {
        // Before and after a capital and a small letter, a digit, a sign and a space: each class does something else there.
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            if (char.IsSurrogate((char)unit)) continue;
            string text = $"{(char)unit}A{(char)unit}a{(char)unit}1{(char)unit}! {(char)unit}{(char)unit}";
            Assert.Equal(RegexSplit.Words(name, text), Words(PreTokenization.Find(name), text));
        }
    }

    [Fact]
    public void Lone_surrogates_are_symbols()
    {
        Assert.Equal(["a", "\uD800", "b", "\uDC00\uD801!"], Words(PreTokenization.Gpt2, "a\uD800b\uDC00\uD801!"));
        foreach (string name in (string[])["cl100k", "o200k", "nanochat"])
            Assert.Equal(["a", "\uD800b", "\uDC00\uD801!"], Words(PreTokenization.Find(name), "a\uD800b\uDC00\uD801!"));
    }

    [Fact]
    public void An_unknown_name_is_refused_by_a_sentence_that_has_the_known_ones() => Assert.Equal(
        "There is no way \"gpt4\" to split text into words; give one of gpt2, cl100k, o200k, nanochat.",
        Assert.Throws<TokenizerException>(() => PreTokenization.Find("gpt4")).Message);

    // Worked out by hand from the published patterns.
    [Theory]
    [InlineData("cl100k", "I'LL pay 12345!!\n\nso", "I|'LL| pay| |123|45|!!\n\n|so")]
    [InlineData("cl100k", "a  b \n c", "a| | b| \n| c")]
    [InlineData("cl100k", "\u00BFqué?", "\u00BFqué|?")]
    [InlineData("cl100k", "it'\u017F", "it|'\u017F")]
    [InlineData("cl100k", "a𝐁c!𝟎𝟏𝟐𝟑", "a𝐁c|!|𝟎𝟏𝟐|𝟑")]
    [InlineData("nanochat", "I'LL pay 12345!!\n\nso", "I|'LL| pay| |12|34|5|!!\n\n|so")]
    [InlineData("nanochat", "a \n\n  b𝟎𝟏𝟐", "a| \n\n| | b|𝟎𝟏|𝟐")]
    [InlineData("o200k", "camelCase HTTPServer don't", "camel|Case| HTTPServer| don't")]
    [InlineData("o200k", "x//\n/y 1234", "x|//\n/|y| |123|4")]
    [InlineData("o200k", "𐐨𐐨𐐀𐐨", "𐐨𐐨|𐐀𐐨")] // Deseret: small letters, then a capital one
    public void Words_of_the_newer_patterns_are_as_published(string pattern, string text, string words) =>
        Assert.Equal(words.Split('|'), Words(PreTokenization.Find(pattern), text));

    private static IEnumerable<string> Words(PreTokenization preTokenization, string text) =>
        preTokenization.Split(text).Select(word => text.Substring(word.Offset, word.Length));
}
