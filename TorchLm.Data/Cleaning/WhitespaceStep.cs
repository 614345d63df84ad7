using System.Buffers;
using System.Globalization;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Every kind of space becomes a space and every separator of lines a line feed; zero-width spaces go (joiners stay: scripts need them), and so does white
/// space at the ends of lines and of the text; of several blank lines one is left.
/// </summary>
internal sealed class WhitespaceStep : ICleaningStep
{
    public string Name => "whitespace";

    public string Description => "plain spaces, none at line ends, one blank line at most";

    public string? Source => null;

    public CleaningResult Apply(string text)
    {
        char[] buffer = ArrayPool<char>.Shared.Rent(text.Length);
        int length = Clean(text, buffer, out int changes);
        CleaningResult result = length == text.Length && buffer.AsSpan(0, length).SequenceEqual(text)
            ? new CleaningResult(text)
            : new CleaningResult(new string(buffer, 0, length), Math.Max(changes, 1), Sample(text, buffer.AsSpan(0, length)));
        ArrayPool<char>.Shared.Return(buffer);
        return result;
    }

    // Blanks and line feeds are held back until something visible follows them.
    private static int Clean(string text, Span<char> result, out int changes)
    {
        int length = 0, lines = 0, blanksFrom = 0, blanks = 0;
        changes = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (character == '\n' || character is '\u2028' or '\u2029')
            {
                if (blanks > 0 || character != '\n' || lines >= 2 || length == 0) changes++;
                lines++;
                blanks = 0;
            }
            else if (character is ' ' or '\t')
            {
                if (blanks++ == 0) blanksFrom = i;
            }
            else if (character == '\u200B')
            {
                changes++;
            }
            else if (character > '\u007F' && char.GetUnicodeCategory(character) == UnicodeCategory.SpaceSeparator)
            {
                changes++;
                if (blanks++ == 0) blanksFrom = i;
            }
            else
            {
                if (length > 0) // white space at the beginning of the text is dropped
                {
                    for (int line = 0; line < Math.Min(lines, 2); line++) result[length++] = '\n';
                    for (int blank = blanksFrom, left = blanks; left > 0; blank++)
                    {
                        if (text[blank] == '\u200B') continue;
                        result[length++] = text[blank] == '\t' ? '\t' : ' ';
                        left--;
                    }
                }
                else if (blanks > 0)
                {
                    changes++;
                }
                result[length++] = character;
                (lines, blanks) = (0, 0);
            }
        }
        if (lines > 0 || blanks > 0) changes++;
        return length;
    }

    // What is not visible is shown by signs.
    private static string Sample(string text, ReadOnlySpan<char> cleaned)
    {
        int at = Math.Max(0, text.AsSpan().CommonPrefixLength(cleaned) - 20);
        return string.Concat(text.Substring(at, Math.Min(60, text.Length - at)).Select(character => character switch
        {
            '\n' or '\u2028' or '\u2029' => '⏎',
            '\t' => '→',
            ' ' => '␣',
            '\u200B' => '∅',
            _ => char.IsWhiteSpace(character) ? '⍽' : char.IsSurrogate(character) ? '\uFFFD' : character,
        }));
    }
}
