using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace TorchLm.Data.Reading;

/// <summary>Tables of text: the first row names the columns, one of which holds the text.</summary>
internal static class CsvReader
{
    /// <summary>Longest field, in characters.</summary>
    public const int FieldLimit = 16 << 20;

    private const char Mark = '\uFDD0'; // a noncharacter

    /// <summary>The documents of a file.</summary>
    /// <param name="utf8">The file's content.</param>
    /// <param name="name">The file.</param>
    /// <param name="source">What the user named.</param>
    /// <param name="options">The column, and the treatment of bad bytes.</param>
    /// <param name="quoted">Commas between fields that may stand in quotation marks (RFC 4180); else tabs, and quotation marks are text.</param>
    public static IEnumerable<Document> Read(Stream utf8, string name, string source, ReadingOptions options, bool quoted)
    {
        bool bad = false; // whether the row that is being read has a quotation mark where none may be
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = quoted ? "," : "\t", Mode = quoted ? CsvMode.RFC4180 : CsvMode.NoEscape, MaxFieldSize = FieldLimit, BadDataFound = _ => bad = true,
            MissingFieldFound = null, DetectColumnCountChanges = false,
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
        while (true)
        {
            bad = false;
            if (!csv.Read()) yield break;
            string rowName = $"{name}, row {csv.Context.Parser!.Row}";
            string[]? fields = csv.Context.Parser.Record; // looks at every field
            string? text = fields is not null && column < fields.Length ? fields[column] : null;
            yield return bad ? Document.Unreadable(rowName, source, SkipReason.BadRecord, "a quotation mark stands where none may, so that rows may have run together")
                : text is null ? Document.Unreadable(rowName, source, SkipReason.BadRecord, "it has too few fields")
                : new Document(rowName, source, text.Length, () => EncodedText.Judge(text, Mark, options.Invalid, rowName));
        }
    }
}
