using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>Keeps the lines that are sentences: those that end with punctuation, have five words or more, and do not speak of Javascript.</summary>
internal sealed class LinesStep : ICleaningStep
{
    private const int FewestWords = 5;

    public string Name => "c4-lines";

    public string Description => "lines that end with punctuation, have five words or more, and do not name Javascript";

    public string? Source => "C4 (Raffel et al. 2020)";

    public CleaningResult Apply(string text)
    {
        StringBuilder? result = null;
        int copied = 0, count = 0;
        string? sample = null;
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            (int start, int length) = range.GetOffsetAndLength(text.Length);
            ReadOnlySpan<char> line = text.AsSpan(start, length).Trim();
            if (line.IsEmpty || IsSentence(line)) continue;
            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied);
            copied = Math.Min(start + length + 1, text.Length);
            count++;
            sample ??= PreparationSample.Of(line.ToString(), 190);
        }
        if (result is null) return new CleaningResult(text);
        result.Append(text, copied, text.Length - copied);
        string left = result.ToString();
        return new CleaningResult(string.IsNullOrWhiteSpace(left) ? null : left, count, sample);
    }

    private static bool IsSentence(ReadOnlySpan<char> line)
    {
        if (!TextStatistics.Blocks.EndsSentence(line) || line.Contains("javascript", StringComparison.OrdinalIgnoreCase)) return false;
        int words = 0;
        foreach (Range word in line.SplitAny(' ', '\t'))
        {
            if (!line[word].IsEmpty && ++words == FewestWords) return true;
        }
        return false;
    }
}
