using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>Excerpts for reports: one line, without control characters.</summary>
internal static class PreparationSample
{
    /// <summary>Longest excerpt, in characters.</summary>
    public const int Length = 200;

    /// <summary>A part of a text.</summary>
    public static string Around(string text, int start, int length)
    {
        start = Math.Clamp(start, 0, text.Length);
        var line = new StringBuilder();
        foreach (Rune rune in text.AsSpan(start, Math.Min(Math.Min(length, Length - 1), text.Length - start)).EnumerateRunes())
        {
            if (Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune)) line.Append('\uFFFD');
            else if (!Rune.IsWhiteSpace(rune)) line.Append(rune.ToString());
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        if (start + length < text.Length) line.Append('…');
        return line.ToString();
    }

    /// <summary>The beginning of a text.</summary>
    public static string Of(string text, int length = 120) => Around(text, 0, length);
}
