using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>Decides about a line without white space at its ends, never an empty one.</summary>
internal interface ILineRule
{
    /// <summary>Whether the line goes.</summary>
    bool Removes(ReadOnlySpan<char> line);
}

/// <summary>
/// Takes lines out of a text. Where a line went, blank lines around it become one at most, so that no hole is left; a text without such a
/// line stays as it is, one without anything else is removed.
/// </summary>
internal static class LineRemoval
{
    public static CleaningResult Apply<TRule>(string text, TRule rule) where TRule : struct, ILineRule
    {
        StringBuilder? kept = null;
        string? sample = null;
        long removed = 0;
        bool blank = false; // a blank line waits to be written, if a line follows
        for (int start = 0; start <= text.Length;)
        {
            int length = text.AsSpan(start).IndexOf('\n');
            if (length < 0) length = text.Length - start;
            ReadOnlySpan<char> line = text.AsSpan(start, length), trimmed = line.Trim();
            if (!trimmed.IsEmpty && rule.Removes(trimmed))
            {
                if (kept is null)
                {
                    ReadOnlySpan<char> before = text.AsSpan(0, start);
                    ReadOnlySpan<char> content = before.TrimEnd();
                    blank = !content.IsEmpty && before[content.Length..].Count('\n') > 1;
                    kept = new StringBuilder(text.Length).Append(content);
                }
                sample ??= Excerpt.Of(trimmed);
                removed++;
            }
            else if (kept is not null)
            {
                if (trimmed.IsEmpty) blank = true;
                else
                {
                    if (kept.Length > 0) kept.Append(blank ? "\n\n" : "\n");
                    kept.Append(line);
                    blank = false;
                }
            }
            start += length + 1;
        }
        if (removed == 0) return CleaningResult.Unchanged(text);
        return new CleaningResult(kept!.Length == 0 ? null : kept.ToString(), removed, sample);
    }
}
