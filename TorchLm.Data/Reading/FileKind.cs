namespace TorchLm.Data.Reading;

/// <summary>The formats that documents are read from.</summary>
public enum TextFormat
{
    /// <summary>Plain text and Markdown, as it is.</summary>
    Text,

    /// <summary>A web page, of which the text is taken.</summary>
    Html,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>Rows with commas between the fields (RFC 4180), the first one naming them.</summary>
    Csv,

    /// <summary>The same with tabs.</summary>
    Tsv,

    /// <summary>Apache Parquet.</summary>
    Parquet,
}

/// <summary>How a file is compressed.</summary>
internal enum Packing
{
    None,
    Gzip,
    Zstandard,
    Brotli,
    Bzip2,
}

/// <summary>What a file is, by the end of its name.</summary>
internal readonly record struct FileKind(TextFormat Format, Packing Packing)
{
    private static readonly (string Extension, TextFormat Format)[] s_formats =
    [
        (".txt", TextFormat.Text), (".text", TextFormat.Text), (".md", TextFormat.Text), (".markdown", TextFormat.Text),
        (".html", TextFormat.Html), (".htm", TextFormat.Html), (".xhtml", TextFormat.Html),
        (".jsonl", TextFormat.JsonLines), (".ndjson", TextFormat.JsonLines),
        (".csv", TextFormat.Csv), (".tsv", TextFormat.Tsv), (".parquet", TextFormat.Parquet),
    ];

    private static readonly (string Extension, Packing Packing)[] s_packings =
        [(".gz", Packing.Gzip), (".zst", Packing.Zstandard), (".br", Packing.Brotli), (".bz2", Packing.Bzip2)];

    /// <summary>The extensions that are known, for messages.</summary>
    public const string Known = ".txt, .md, .html, .jsonl, .ndjson, .csv, .tsv, .parquet, each also with .gz, .zst, .br or .bz2";

    /// <summary>The kind that a name says; null where it says none.</summary>
    public static FileKind? Of(ReadOnlySpan<char> fileName)
    {
        Packing packing = PackingOf(ref fileName);
        foreach ((string extension, TextFormat format) in s_formats)
        {
            if (fileName.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) return new FileKind(format, packing);
        }
        return null;
    }

    /// <summary>The kind of a file that the user named: whatever says nothing else is plain text.</summary>
    public static FileKind OfNamed(ReadOnlySpan<char> fileName) => Of(fileName) ?? new FileKind(TextFormat.Text, PackingOf(ref fileName));

    private static Packing PackingOf(ref ReadOnlySpan<char> fileName)
    {
        foreach ((string extension, Packing packing) in s_packings)
        {
            if (!fileName.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) continue;
            fileName = fileName[..^extension.Length];
            return packing;
        }
        return Packing.None;
    }
}
