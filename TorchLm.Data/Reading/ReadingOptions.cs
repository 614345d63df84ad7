namespace TorchLm.Data.Reading;

/// <summary>How files are read.</summary>
/// <param name="Invalid">What becomes of bytes that are no text in the file's encoding.</param>
/// <param name="Field">The field of JSON objects, CSV rows and Parquet rows that holds the text.</param>
/// <param name="Separator">Where text files are divided into documents; null takes each file as one.</param>
/// <param name="StandardInput">The format of standard input.</param>
public sealed record ReadingOptions(
    InvalidBytes Invalid = InvalidBytes.Skip, string Field = ReadingOptions.DefaultField, string? Separator = null, TextFormat StandardInput = TextFormat.Text)
{
    /// <summary>The usual name of the field that holds the text.</summary>
    public const string DefaultField = "text";
}

/// <summary>What becomes of bytes that are no text in the file's encoding.</summary>
public enum InvalidBytes
{
    /// <summary>The document is left out and counted.</summary>
    Skip,

    /// <summary>Each such sequence becomes U+FFFD and is counted.</summary>
    Replace,

    /// <summary>Everything stops.</summary>
    Fail,
}
