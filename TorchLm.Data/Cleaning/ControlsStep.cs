using System.Buffers;
using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Line ends become line feeds (those of Windows and old Macintoshes, form feeds, vertical tabs, NEL); other control characters, byte order marks within
/// the text and noncharacters are removed.
/// </summary>
internal sealed class ControlsStep : ICleaningStep
{
    private static readonly SearchValues<char> s_suspects = SearchValues.Create(
        [.. Enumerable.Range(0, 0x10000).Select(code => (char)code).Where(character => IsLineEnd(character) || IsRemoved(character) || character is '\uDFFE' or '\uDFFF')]);

    public string Name => "controls";

    public string Description => "line ends as line feeds; no control characters, byte order marks or noncharacters";

    public string? Source => null;

    public CleaningResult Apply(string text)
    {
        int at = text.AsSpan().IndexOfAny(s_suspects);
        if (at < 0) return new CleaningResult(text);
        var result = new StringBuilder(text.Length);
        int copied = 0, count = 0;
        string? sample = null;
        while (at >= 0)
        {
            (int start, int length, bool lineEnd) = Found(text, at);
            if (length > 0)
            {
                result.Append(text, copied, start - copied);
                if (lineEnd) result.Append('\n');
                copied = start + length;
                count++;
                sample ??= $"U+{char.ConvertToUtf32(text, start):X4} in: {PreparationSample.Around(text, Math.Max(0, start - 30), 60)}";
            }
            int from = Math.Max(at + 1, start + length), next = text.AsSpan(from).IndexOfAny(s_suspects);
            at = next < 0 ? -1 : from + next;
        }
        if (count == 0) return new CleaningResult(text);
        result.Append(text, copied, text.Length - copied);
        return new CleaningResult(result.ToString(), count, sample);
    }

    // What is to be replaced at this place: where it starts, how long it is (0: nothing), and whether a line ends with it.
    private static (int Start, int Length, bool LineEnd) Found(string text, int at)
    {
        char character = text[at];
        if (character == '\r') return (at, at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1, true);
        if (IsLineEnd(character)) return (at, 1, true);
        if (!char.IsLowSurrogate(character)) return (at, 1, false);
        bool pair = at > 0 && char.IsHighSurrogate(text[at - 1]);
        return pair && (char.ConvertToUtf32(text[at - 1], character) & 0xFFFE) == 0xFFFE ? (at - 1, 2, false) : (at, 0, false);
    }

    private static bool IsLineEnd(char character) => character is '\r' or '\f' or '\v' or '\u0085';

    private static bool IsRemoved(char character) => (char.IsControl(character) && character is not ('\n' or '\t')) || character == '\uFEFF' ||
        character is >= '\uFDD0' and <= '\uFDEF' or '\uFFFE' or '\uFFFF';
}
