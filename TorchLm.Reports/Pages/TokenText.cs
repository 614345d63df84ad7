using System.Globalization;
using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Reports.Pages;

/// <summary>
/// Tokens as a reader can tell them apart: white space and what has no shape of its own is shown, bytes that are only a piece of a character too.
/// </summary>
internal static class TokenText
{
    /// <summary>A token by signs: <c>␣</c> a space, <c>⏎</c> a line's end, <c>E2·80</c> the bytes of a piece of a character.</summary>
    public static string Of(ITokenizer tokenizer, int id)
    {
        byte[] bytes;
        try
        {
            bytes = tokenizer.GetBytes(id).ToArray();
        }
        catch (TokenizerException)
        {
            return $"#{id}"; // a gap in the vocabulary's ids, or an id that the model has beyond the tokenizer's
        }
        try
        {
            return Visible(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            return string.Join('·', bytes.Select(b => b.ToString("X2", CultureInfo.InvariantCulture)));
        }
    }

    private static string Visible(string text)
    {
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool combines = Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
            if (combines && shown.Length == 0) shown.Append('◌');
            shown.Append(Visible(rune));
        }
        return shown.ToString();
    }

    private static string Visible(Rune rune) => rune.Value switch
    {
        ' ' => "␣",
        '\n' => "⏎",
        '\r' => "␍",
        '\t' => "⇥",
        < ' ' => char.ToString((char)('\u2400' + rune.Value)),                     // Unicode's pictures of control characters
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse
            ? $"U+{rune.Value:X4}" : rune.ToString(),
    };
}
