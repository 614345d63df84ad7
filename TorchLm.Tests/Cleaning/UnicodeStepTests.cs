using System.Security.Cryptography;
using System.Text;
using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class UnicodeStepTests
{
    // The examples of Unicode Standard Annex #15, figures 3 to 6, and Hangul from The Unicode Standard, section 3.12.
    [Theory]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")] // angstrom sign
    [InlineData("\u2126", "\u03A9", "\u03A9", "\u03A9", "\u03A9")] // ohm sign
    [InlineData("s\u0323\u0307", "\u1E69", "s\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("d\u0307\u0323", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\uD4DB", "\uD4DB", "\u1111\u1171\u11B6", "\uD4DB", "\u1111\u1171\u11B6")]
    [InlineData("\u1111\u1171\u11B6", "\uD4DB", "\u1111\u1171\u11B6", "\uD4DB", "\u1111\u1171\u11B6")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")] // excluded from composition
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("a\u0315\u0300\u05AE\u0300b",
        "\u00E0\u05AE\u0300\u0315b", "a\u05AE\u0300\u0300\u0315b", "\u00E0\u05AE\u0300\u0315b", "a\u05AE\u0300\u0300\u0315b")]
    public void The_four_forms_are_those_of_the_annex(string text, string c, string d, string kc, string kd)
    {
        foreach ((NormalizationForm form, string expected) in new[]
        {
            (NormalizationForm.FormC, c), (NormalizationForm.FormD, d), (NormalizationForm.FormKC, kc), (NormalizationForm.FormKD, kd),
        })
        {
            Assert.Equal($"x{expected}x", Apply(form, $"x{text}x").Text);
            Assert.Equal(expected, Apply(form, text).Text);
        }
    }

    // SHA-256 of what ICU 72 (Unicode 15) makes of these texts: the first 8 bytes.
    [Theory]
    [InlineData(NormalizationForm.FormC, "AB43A60ACB844408")]
    [InlineData(NormalizationForm.FormD, "CDE47668DC0B00F4")]
    [InlineData(NormalizationForm.FormKC, "BB6B9E8055437839")]
    [InlineData(NormalizationForm.FormKD, "688A038EB5AB6E2B")]
    public void All_characters_and_many_sequences_are_normalised_as_ICU_does(NormalizationForm form, string expected)
    {
        StringBuilder results = new();
        foreach (string text in Texts()) results.Append(Apply(form, text).Text).Append('\n');
        Assert.Equal(expected, Convert.ToHexString(SHA256.HashData(Encoding.Unicode.GetBytes(results.ToString()))[..8]));
    }

    [Fact]
    public void Lone_surrogates_become_replacement_characters()
    {
        CleaningResult result = Apply(NormalizationForm.FormC, "a\uD800b\uDC00\U0001F600\uDBFF");
        Assert.Equal("a\uFFFDb\uFFFD\U0001F600\uFFFD", result.Text);
        Assert.Equal(3, result.Count);
    }

    [Fact]
    public void A_normal_text_is_the_same_object()
    {
        foreach (string text in new[]
        {
            "plain", "", "na\u00EFve caf\u00E9", "\u0928\u092E\u0938\u094D\u0924\u0947", "\u4E2D\u6587 \uD55C\uAE00 \u201Cquoted\u201D",
        })
        {
            CleaningResult result = Apply(NormalizationForm.FormC, text);
            Assert.Same(text, result.Text);
            Assert.Equal(0, result.Count);
            Assert.Null(result.Sample);
        }
    }

    private static CleaningResult Apply(NormalizationForm form, string text) => new UnicodeStep(form).Apply(text);

    /// <summary>Ranges that have not changed since Unicode 15, each character with marks around it, and random runs of them.</summary>
    private static IEnumerable<string> Texts()
    {
        List<int> codes = [];
        foreach ((int first, int last) in new[]
        {
            (0x20, 0x86F), (0x8A0, 0xA7BF), (0xA840, 0xD7FF), (0xE000, 0xFFFF), (0x1D100, 0x1D7FF), (0x1F100, 0x1F2FF), (0x2F800, 0x2FA1F),
        })
            for (int code = first; code <= last; code++)
                if (code is not (>= 0xFDD0 and <= 0xFDEF) and < 0xFFFE or > 0xFFFF) codes.Add(code);
        foreach (int code in codes) yield return $"{char.ConvertFromUtf32(code)}\u0323\u0301{char.ConvertFromUtf32(code)}";
        ulong state = 1;
        for (int i = 0; i < 4000; i++)
        {
            StringBuilder text = new();
            for (int k = 0; k < 12; k++)
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                int pick = (int)(state >> 33);
                text.Append(char.ConvertFromUtf32(
                    pick % 3 == 0 ? 0x300 + pick / 3 % 0x70 : pick % 7 == 0 ? 0x1100 + pick / 7 % 0x100 : codes[pick % codes.Count]));
            }
            yield return text.ToString();
        }
    }
}
