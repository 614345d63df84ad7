using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class CharacterStepTests
{
    [Theory]
    [InlineData("a\r\nb\rc\n\rd", "a\nb\nc\n\nd", 3)]
    [InlineData("a\u0085b", "a\nb", 1)]
    [InlineData("a\tb\n", "a\tb\n", 0)]
    [InlineData("\uFEFFa\0b\u001Bc\u009Fd\u007F", "abcd", 5)]
    [InlineData("\uFDD0\uFDEFa\uFFFE\uFFFF", "a", 4)]
    [InlineData("a\U0001FFFEb\U0010FFFFc", "abc", 2)]
    [InlineData("\U0001FFFD\U0001F600\uFDCF\uFDF0\uFFFD", "\U0001FFFD\U0001F600\uFDCF\uFDF0\uFFFD", 0)]
    [InlineData("", "", 0)]
    public void Controls_removes_what_is_no_text_and_keeps_what_is(string text, string expected, long count) =>
        AssertStep("controls", text, expected, count);

    [Theory]
    [InlineData("a\u00A0b\u3000c\u2009d", "a b c d")]
    [InlineData("a\u2028b\u2029c\u0085d", "a\nb\nc\nd")]
    [InlineData("a\u200Bb\u200Cc\u200Dd", "ab\u200Cc\u200Dd")]
    [InlineData("a \t\nb", "a\nb")]
    [InlineData("a\n\n\n\nb", "a\n\nb")]
    [InlineData("a\n \n\t\nb", "a\n\nb")]
    [InlineData("a\n\nb", "a\n\nb")]
    [InlineData("  \n a\n\n", "a")]
    [InlineData("a\n    indented  twice", "a\n    indented  twice")]
    [InlineData(" \n\u00A0", "")]
    public void Whitespace_is_evened_out(string text, string expected)
    {
        CleaningResult result = CleaningTexts.Step("whitespace").Apply(text);
        Assert.Equal(expected, result.Text);
        Assert.Equal(text != expected, result.Count > 0);
    }

    [Fact]
    public void Length_removes_below_and_above_its_limits_only()
    {
        CleaningOptions options = new() { MaxCharacters = 300 };
        foreach ((int length, bool stays) in new[] { (199, false), (200, true), (300, true), (301, false) })
            Assert.Equal(stays, CleaningTexts.Step("length", options).Apply(new string('x', length)).Text is not null);
        Assert.NotNull(CleaningTexts.Step("length").Apply(new string('x', 1_000_000)).Text);
    }

    [Fact]
    public void Language_asks_the_filter()
    {
        ICleaningStep step = CleaningSteps.Create(new HashSet<string>(),
            new CleaningOptions { LanguageFilter = text => text.StartsWith('a') }).Single();
        Assert.Equal("language", step.Name);
        Assert.Equal("abc", step.Apply("abc").Text);
        Assert.Null(step.Apply("xyz").Text);
    }

    private static void AssertStep(string name, string text, string expected, long count)
    {
        CleaningResult result = CleaningTexts.Step(name).Apply(text);
        Assert.Equal(expected, result.Text);
        Assert.Equal(count, result.Count);
        Assert.Equal(count == 0, result.Sample is null);
    }
}
