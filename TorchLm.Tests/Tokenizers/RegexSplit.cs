using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

/// <summary>
/// The words of the published patterns by .NET's regular expressions: what the library's scanner by hand is compared with.
/// </summary>
/// <remarks>
/// .NET sees half characters (UTF-16 units) outside the Basic Multilingual Plane, where the programs that define these patterns
/// see letters and digits. Texts with such characters are matched on a stand-in that has one unit of the same category for each
/// character. Contractions are spelt out because .NET's IgnoreCase does not fold U+017F (long s) onto s, as Unicode does.
/// </remarks>
internal static partial class RegexSplit
{
    private const string Contraction = "'(?:[sdmtSDMT\u017F]|[lL][lL]|[vV][eE]|[rR][eE])";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    public static readonly string[] Names = ["gpt2", "cl100k", "o200k", "nanochat"];

    public static List<string> Words(string name, string text) => [.. Places(name, text).Select(word => text.Substring(word.Offset, word.Length))];

    public static IEnumerable<(int Offset, int Length)> Places(string name, string text)
    {
        Regex regex = name switch
        {
            "gpt2" => Gpt2(),
            "cl100k" => Cl100k(),
            "o200k" => O200k(),
            "nanochat" => Nanochat(),
            _ => throw new ArgumentException(name),
        };
        var (standIn, offsets) = MakeStandIn(text);
        return regex.Matches(standIn).Select(match =>
            (offsets[match.Index], offsets[match.Index + match.Length] - offsets[match.Index]));
    }

    /// <summary>The same as a part of Microsoft's tokenizers.</summary>
    public static PreTokenizer ForMicrosoft(string name) => new Adapter(name);

    // One unit for each character, and where each character begins in the text (with one entry more for its end).
    private static (string StandIn, int[] Offsets) MakeStandIn(string text)
    {
        var standIn = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        int offset = 0;
        foreach (Rune character in text.EnumerateRunes())
        {
            offsets.Add(offset);
            standIn.Append(character.IsBmp ? (char)character.Value : SameCategory(Rune.GetUnicodeCategory(character)));
            offset += character.Utf16SequenceLength;
        }
        offsets.Add(offset);
        return (standIn.ToString(), [.. offsets]);
    }

    // Letters outside of ASCII, so that none can be taken for a part of a contraction.
    private static char SameCategory(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0391',
        UnicodeCategory.LowercaseLetter => '\u03B1',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u3042',
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => '\u0301',
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '\u0660',
        _ => '\u2603', // no white space lies outside of the Basic Multilingual Plane: a symbol like any other
    };

    [GeneratedRegex(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2();

    [GeneratedRegex(
        Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex Cl100k();

    // nanochat's pattern in its own spelling: one line break where cl100k's has any number, possessive groups made atomic.
    [GeneratedRegex(
        Contraction + @"|(?>[^\r\n\p{L}\p{N}]?)\p{L}+|\p{N}{1,2}| ?(?>[^\s\p{L}\p{N}]+)[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex Nanochat();

    [GeneratedRegex(
        @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+(?:" + Contraction + ")?|" +
        @"[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*(?:" + Contraction + ")?" +
        @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex O200k();

    private sealed class Adapter(string name) : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => Places(name, text);

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => Places(name, text.ToString());
    }
}
