using Parquet;
using Parquet.Schema;

namespace TorchLm.Data.Reading;

/// <summary>Parquet files, as FineWeb and nanochat have them: one column of strings is the text. One row group is in memory at a time.</summary>
internal static class ParquetReader
{
    private const int MostRows = 1 << 25; // in a group; a damaged footer may promise any number

    /// <summary>The documents of a file.</summary>
    /// <param name="file">The file, which can be sought in.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="source">What the user named.</param>
    /// <param name="options">Which column holds the text.</param>
    public static IEnumerable<Document> Read(Stream file, string name, string source, ReadingOptions options)
    {
        Parquet.ParquetReader reader = Parquet.ParquetReader.CreateAsync(file, new ParquetOptions { TreatByteArrayAsString = true }).GetAwaiter().GetResult();
        try
        {
            DataField? field = Array.Find(reader.Schema.GetDataFields(), field => field.Path.ToString() == options.Field);
            if (field is null || (field.ClrType != typeof(string) && field.ClrType != typeof(ReadOnlyMemory<char>)))
            {
                string columns = string.Join(", ", reader.Schema.GetDataFields().Select(field => field.Path.ToString()).Take(10));
                string what = field is null ? $"it has no column '{options.Field}' (but {columns})" : $"its column '{options.Field}' holds no strings";
                yield return Document.Unreadable(name, source, SkipReason.NoField, what);
                yield break;
            }
            long row = 0;
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                foreach (string? text in ReadGroup(reader, group, field))
                {
                    string rowName = $"{name}, row {++row}";
                    yield return text is null
                        ? Document.Unreadable(rowName, source, SkipReason.NoField, $"its '{options.Field}' is null")
                        : new Document(rowName, source, text.Length, () => new DocumentText(text));
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static string?[] ReadGroup(Parquet.ParquetReader reader, int group, DataField field)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        if (rows.RowCount is < 0 or > MostRows) throw new InvalidDataException($"a row group is said to have {rows.RowCount} rows");
        string?[] texts = new string?[rows.RowCount];
        rows.ReadAsync(field, texts.AsMemory()!).AsTask().GetAwaiter().GetResult();
        return texts;
    }
}
