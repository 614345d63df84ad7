using System.Globalization;
using CsvHelper.Configuration;

namespace TorchLm.Data.Reading;

/// <summary>Tables of text: the first row names the columns, one of which holds the text.</summary>
internal static class CsvReader
{
    /// <summary>Longest field, in characters.</summary>
    public const int FieldLimit = 16 << 20;

    private const char Mark = '\uFDD0'; // a noncharacter

    /// <summary>The documents of a file.</summary>
    public static IEnumerable<Document> Read(Stream utf8, string name, string source, ReadingOptions options, string delimiter)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter, MaxFieldSize = FieldLimit, BadDataFound = null, MissingFieldFound = null, DetectColumnCountChanges = false,
        };
        var encoding = (System.Text.Encoding)new System.Text.UTF8Encoding(false).Clone();
        encoding.DecoderFallback = new System.Text.DecoderReplacementFallback(Mark.ToString());
        using var reader = new StreamReader(utf8, encoding, detectEncodingFromByteOrderMarks: false, 1 << 16);
        using var csv = new CsvHelper.CsvReader(reader, configuration);
        if (!csv.Read() || !csv.ReadHeader()) yield break;
        int column = Array.IndexOf(csv.HeaderRecord!, options.Field);
        if (column < 0)
        {
            string columns = string.Join(", ", csv.HeaderRecord!.Take(10));
            yield return Document.Unreadable(name, source, SkipReason.NoField, $"it has no column '{options.Field}' (but {columns})");
            yield break;
        }
        while (csv.Read())
        {
            string rowName = $"{name}, row {csv.Context.Parser!.Row}";
            string? text = csv.GetField(column);
            yield return text is null
                ? Document.Unreadable(rowName, source, SkipReason.BadRecord, "it has too few fields")
                : new Document(rowName, source, text.Length, () => Checked(text, options.Invalid, rowName));
        }
    }

    // Bad bytes were decoded to a mark, so that only the rows that hold them are affected.
    private static DocumentText Checked(string text, InvalidBytes policy, string name)
    {
        int invalid = text.AsSpan().Count(Mark);
        if (invalid == 0) return new DocumentText(text);
        if (policy != InvalidBytes.Replace) EncodedText.Decode([0xFF], policy, name, position: null); // says so
        return new DocumentText(text.Replace(Mark, '\uFFFD'), invalid);
    }
}
