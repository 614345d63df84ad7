using System.Buffers;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Line ends become line feeds; control characters other than line feed and tab, byte order marks and noncharacters are removed.
/// U+0085, a line end among the C1 controls, becomes a line feed too.
/// </summary>
public sealed class ControlsStep : ICleaningStep
{
    private static readonly SearchValues<char> Unwanted = SearchValues.Create(UnwantedCharacters());

    // Noncharacters outside the basic plane are pairs: the last two code points of each of the planes 1 to 16.
    private static readonly SearchValues<char> PlaneEnds = SearchValues.Create("\uDFFE\uDFFF");

    /// <inheritdoc/>
    public string Name => "controls";

    /// <inheritdoc/>
    public string Description => "CR LF, CR and U+0085 become LF; other control characters but TAB, U+FEFF and noncharacters are removed";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public CleaningResult Apply(string text)
    {
        int first = Next(text, 0);
        if (first < 0) return CleaningResult.Unchanged(text);

        char[] buffer = ArrayPool<char>.Shared.Rent(text.Length);
        int length = 0, copied = 0;
        long count = 0;
        for (int i = first; i >= 0; i = Next(text, copied))
        {
            int kept = char.IsLowSurrogate(text[i]) ? i - 1 : i; // a plane's end goes with its high surrogate
            text.AsSpan(copied, kept - copied).CopyTo(buffer.AsSpan(length));
            length += kept - copied;
            copied = i + 1;
            count++;
            if (text[i] is not ('\r' or '\u0085')) continue;
            buffer[length++] = '\n';
            if (text[i] == '\r' && copied < text.Length && text[copied] == '\n') copied++;
        }
        text.AsSpan(copied).CopyTo(buffer.AsSpan(length));
        length += text.Length - copied;
        string result = new(buffer, 0, length);
        ArrayPool<char>.Shared.Return(buffer);
        int code = char.IsLowSurrogate(text[first]) ? char.ConvertToUtf32(text[first - 1], text[first]) : text[first];
        return new CleaningResult(result, count, $"{Excerpt.CodePoint(code)} in {Excerpt.Of(Around(text, first), 80)}");
    }

    private static int Next(string text, int start)
    {
        int next = text.AsSpan(start).IndexOfAny(Unwanted);
        next = next < 0 ? -1 : start + next;
        int end = next < 0 ? text.Length : next;
        for (int i = start; i < end; i++)
        {
            int low = text.AsSpan(i, end - i).IndexOfAny(PlaneEnds);
            if (low < 0) break;
            i += low;
            if (i > start && char.IsHighSurrogate(text[i - 1]) && (text[i - 1] & 0x3F) == 0x3F) return i; // U+1FFFE, U+1FFFF, ...
        }
        return next;
    }

    private static ReadOnlySpan<char> Around(string text, int position)
    {
        int start = Math.Max(0, position - 30);
        return text.AsSpan(start, Math.Min(text.Length, position + 31) - start);
    }

    private static string UnwantedCharacters()
    {
        List<char> characters = [];
        for (char c = '\0'; c < '\u00A0'; c++)
            if (char.IsControl(c) && c is not ('\n' or '\t')) characters.Add(c);
        for (char c = '\uFDD0'; c <= '\uFDEF'; c++) characters.Add(c);
        return new string([.. characters, '\uFEFF', '\uFFFE', '\uFFFF']);
    }
}
