namespace TorchLm.Lessons.Pages;

/// <summary>Rows of text in columns: numbers on the right of theirs, words on the left.</summary>
public static class TextTable
{
    /// <summary>The table's lines, headings first.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] body = [.. rows], all = [headings, .. body];
        int[] widths = [.. headings.Select((_, column) => all.Max(row => row[column].Length))];
        bool[] numbers = [.. headings.Select((_, column) => body.All(row => IsNumber(row[column])))];
        return all.Select(row => string.Join("  ",
            row.Select((cell, i) => numbers[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
    }

    private static bool IsNumber(string cell) =>
        cell.Length == 0 || char.IsDigit(cell.TrimStart('-', '+', '<').FirstOrDefault()) || cell is "NaN" or "-";
}
