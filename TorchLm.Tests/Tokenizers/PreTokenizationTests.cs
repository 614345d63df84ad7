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

    // Worked out by hand from the published patterns.
    [Theory]
    [InlineData("cl100k", "I'LL pay 12345!!\n\nso", "I|'LL| pay| |123|45|!!\n\n|so")]
    [InlineData("cl100k", "a  b \n c", "a| | b| \n| c")]
    [InlineData("cl100k", "\u00BFqué?", "\u00BFqué|?")]
    [InlineData("cl100k", "it'\u017F", "it|'\u017F")]
    [InlineData("cl100k", "a𝐁c!𝟎𝟏𝟐𝟑", "a𝐁c|!|𝟎𝟏𝟐|𝟑")]
    [InlineData("o200k", "camelCase HTTPServer don't", "camel|Case| HTTPServer| don't")]
    [InlineData("o200k", "x//\n/y 1234", "x|//\n/|y| |123|4")]
    [InlineData("o200k", "𐐨𐐨𐐀𐐨", "𐐨𐐨|𐐀𐐨")] // Deseret: small letters, then a capital one
    public void Words_of_the_newer_patterns_are_as_published(string pattern, string text, string words) =>
        Assert.Equal(words.Split('|'), Words(PreTokenization.All.Single(known => known.Name == pattern), text));

    private static IEnumerable<string> Words(PreTokenization preTokenization, string text) =>
        preTokenization.Split(text).Select(word => text.Substring(word.Offset, word.Length));
}
