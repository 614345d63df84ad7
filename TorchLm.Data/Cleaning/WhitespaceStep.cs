using System.Buffers;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Evens white space out: rare spaces become a space, U+2028, U+2029 and U+0085 a line feed, zero-width spaces go (the joiners U+200C and
/// U+200D stay: Indic scripts, Persian and emoji need them), white space at ends of lines goes, three or more line feeds become two, and
/// white space at both ends of the text goes. Spaces and tabs within lines stay as they are: code and tables need them.
/// </summary>
public sealed class WhitespaceStep : ICleaningStep
{
    private static readonly SearchValues<char> Rare = SearchValues.Create("\u00A0\u1680\u2000\u2001\u2002\u2003\u2004" +
        "\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000\u2028\u2029\u0085\u200B");

    /// <inheritdoc/>
    public string Name => "whitespace";

    /// <inheritdoc/>
    public string Description =>
        "Unicode spaces become a space, zero-width spaces go, ends of lines and of the text are trimmed, at most one blank line in a row";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public CleaningResult Apply(string text)
    {
        if (IsClean(text)) return CleaningResult.Unchanged(text);

        char[] buffer = ArrayPool<char>.Shared.Rent(text.Length);
        long count = 0;
        int length = 0, lineFeeds = 2, first = -1; // 2: line feeds at the beginning are too many
        bool started = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i], mapped = Rare.Contains(c) ? Map(c) : c;
            if (mapped != c) Note(i);
            if (mapped == '\0' && c != '\0') continue;
            if (mapped == '\n')
            {
                TrimEnd(i);
                if (++lineFeeds > 2 || !started) Note(i);
                else buffer[length++] = '\n';
                continue;
            }
            if (!started && IsSpace(mapped))
            {
                Note(i);
                continue;
            }
            started = true;
            buffer[length++] = mapped;
            if (!IsSpace(mapped)) lineFeeds = 0;
        }
        while (length > 0 && (IsSpace(buffer[length - 1]) || buffer[length - 1] == '\n'))
        {
            length--;
            Note(text.Length - 1);
        }
        string result = new(buffer, 0, length);
        ArrayPool<char>.Shared.Return(buffer);
        int around = Math.Max(0, first - 30);
        return new CleaningResult(result, count,
            $"{Excerpt.CodePoint(text[first])} in {Excerpt.Of(text.AsSpan(around, Math.Min(text.Length, first + 31) - around), 80)}");

        void Note(int position)
        {
            count++;
            if (first < 0) first = position;
        }

        void TrimEnd(int position)
        {
            while (length > 0 && IsSpace(buffer[length - 1]))
            {
                length--;
                Note(position - 1);
            }
        }
    }

    private static char Map(char c) => c switch
    {
        '\u2028' or '\u2029' or '\u0085' => '\n',
        '\u200B' => '\0',
        _ => ' ',
    };

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\f' or '\v';

    private static bool IsClean(string text)
    {
        if (text.Length == 0) return true;
        ReadOnlySpan<char> rest = text;
        if (IsSpace(rest[0]) || rest[0] == '\n' || IsSpace(rest[^1]) || rest[^1] == '\n') return false;
        if (rest.ContainsAny(Rare) || rest.Contains("\n\n\n", StringComparison.Ordinal)) return false;
        for (int feed; (feed = rest.IndexOf('\n')) >= 0; rest = rest[(feed + 1)..])
            if (feed > 0 && IsSpace(rest[feed - 1])) return false;
        return true;
    }
}
