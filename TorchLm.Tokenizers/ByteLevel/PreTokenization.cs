using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace TorchLm.Tokenizers;

/// <summary>
/// How a text is split into words before byte pairs are merged: no token reaches over the end of a word. Three published
/// patterns are known; each covers every character of a text.
/// </summary>
/// <remarks>
/// .NET's regular expressions see half characters (UTF-16 units) outside the Basic Multilingual Plane, where the programs
/// that define these patterns see letters and digits. So that both split alike, texts with such characters are matched on a
/// stand-in that has one unit of the same category for each character.
/// </remarks>
public sealed partial class PreTokenization
{
    // The regular expressions say the same as the published patterns below. Contractions are spelt out because .NET's
    // IgnoreCase does not fold U+017F (long s) onto s, as Unicode does.
    private const string AnyCaseContraction = "'(?:[sdmtSDMT\u017F]|[lL][lL]|[vV][eE]|[rR][eE])";
    private const string O200kUpper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string O200kLower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Cl100kTail = @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200kTail = @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string PublishedContraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

    private readonly Regex _regex;

    private PreTokenization(string name, Regex regex, params string[] publishedPatterns)
    {
        Name = name;
        Pattern = publishedPatterns[0];
        PublishedPatterns = publishedPatterns;
        _regex = regex;
        ForMicrosoft = new Adapter(this);
    }

    /// <summary>
    /// GPT-2's: contractions, words and numbers with the space before them, runs of punctuation, runs of white space.
    /// </summary>
    public static PreTokenization Gpt2 { get; } = new("gpt2", Gpt2Regex(), Gpt2Pattern);

    /// <summary>cl100k_base's: numbers in groups of three, line breaks kept together, contractions in either case.</summary>
    /// <remarks>
    /// This is the pattern as first published and as tokenizer.json files and llama.cpp have it. Newer tiktoken versions, and
    /// Microsoft's, differ from it in one case: white space that ends the whole text and holds a line break stays one word there.
    /// </remarks>
    public static PreTokenization Cl100k { get; } = new("cl100k", Cl100kRegex(),
        PublishedContraction + Cl100kTail, "'(?i:[sdmt]|ll|ve|re)" + Cl100kTail);

    /// <summary>o200k_base's: as cl100k's, and words are also split where lower case is followed by upper case.</summary>
    public static PreTokenization O200k { get; } = new("o200k", O200kRegex(),
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "*" + O200kLower + "+" + PublishedContraction + "?|" +
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "+" + O200kLower + "*" + PublishedContraction + "?" + O200kTail);

    /// <summary>All that are known.</summary>
    public static IReadOnlyList<PreTokenization> All { get; } = [Gpt2, Cl100k, O200k];

    /// <summary><c>gpt2</c>, <c>cl100k</c> or <c>o200k</c>.</summary>
    public string Name { get; }

    /// <summary>The regular expression as other programs' files hold it.</summary>
    public string Pattern { get; }

    /// <summary><see cref="Pattern"/> and other published spellings of the same.</summary>
    internal IReadOnlyList<string> PublishedPatterns { get; }

    /// <summary>The same as a part of Microsoft's tokenizers.</summary>
    internal PreTokenizer ForMicrosoft { get; }

    /// <summary>
    /// The words of <paramref name="text"/> in order, offsets and lengths in UTF-16 units; they cover it without gaps.
    /// </summary>
    public IReadOnlyList<(int Offset, int Length)> Split(ReadOnlySpan<char> text)
    {
        var words = new List<(int Offset, int Length)>(text.Length / 4 + 1);
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            foreach (var match in _regex.EnumerateMatches(text)) words.Add((match.Index, match.Length));
            return words;
        }
        var (standIn, offsets) = MakeStandIn(text);
        foreach (var match in _regex.EnumerateMatches(standIn))
            words.Add((offsets[match.Index], offsets[match.Index + match.Length] - offsets[match.Index]));
        return words;
    }

    // One unit for each character, and where each character begins in the text (with one entry more for its end).
    private static (char[] StandIn, int[] Offsets) MakeStandIn(ReadOnlySpan<char> text)
    {
        char[] standIn = new char[text.Length];
        int[] offsets = new int[text.Length + 1];
        int count = 0, offset = 0;
        foreach (Rune character in text.EnumerateRunes())
        {
            offsets[count] = offset;
            standIn[count++] = character.IsBmp ? (char)character.Value : SameCategory(Rune.GetUnicodeCategory(character));
            offset += character.Utf16SequenceLength;
        }
        offsets[count] = offset;
        return (standIn[..count], offsets[..(count + 1)]);
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

    [GeneratedRegex(Gpt2Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Regex();

    [GeneratedRegex(AnyCaseContraction + Cl100kTail, RegexOptions.CultureInvariant)]
    private static partial Regex Cl100kRegex();

    [GeneratedRegex(
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "*" + O200kLower + "+(?:" + AnyCaseContraction + ")?|" +
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "+" + O200kLower + "*(?:" + AnyCaseContraction + ")?" + O200kTail,
        RegexOptions.CultureInvariant)]
    private static partial Regex O200kRegex();

    private sealed class Adapter(PreTokenization owner) : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => owner.Split(text);

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => owner.Split(text);
    }
}
