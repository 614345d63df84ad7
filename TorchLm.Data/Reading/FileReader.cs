using TorchLm.Core;

namespace TorchLm.Data.Reading;

/// <summary>Reads one file: opens it, unpacks it, and gives what becomes of it to the reader of its format.</summary>
internal sealed class FileReader(InputFile file, ReadingOptions options, Action<long> atPosition)
{
    private bool _within; // whether what comes next continues a document

    /// <summary>The documents; where the file cannot be read to its end, the last one says why.</summary>
    public IEnumerable<Document> Read()
    {
        if (file is { Length: 0, IsFound: true })
        {
            // Not even opened: a pipe has no length either, and would be waited for.
            yield return Failed(SkipReason.Empty, "there is no text in it");
            yield break;
        }
        FileKind kind = file.IsStandardInput ? new FileKind(options.StandardInput, Packing.None) : FileKind.OfNamed(Path.GetFileName(file.Path));
        Stream? raw = null, content = null;
        IEnumerator<Document>? documents = null;
        try
        {
            Document? failure = Attempt(() =>
            {
                raw = file.IsStandardInput ? Console.OpenStandardInput() : new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16,
                    FileOptions.SequentialScan);
                content = PackedStream.Open(raw, kind.Packing);
                documents = Documents(kind, content).GetEnumerator();
            });
            while (failure is null)
            {
                Document? next = null;
                failure = Attempt(() => next = documents!.MoveNext() ? documents.Current : null);
                if (next is null) break;
                if (raw is FileStream { CanSeek: true } stream) atPosition(stream.Position);
                if (HasChanged()) failure = Failed(SkipReason.Changed, "it changed while it was read");
                else yield return next;
                _within |= kind.Format == TextFormat.Text && options.Separator is null;
            }
            if (failure is not null) yield return failure;
        }
        finally
        {
            documents?.Dispose();
            content?.Dispose();
            raw?.Dispose();
        }
    }

    private IEnumerable<Document> Documents(FileKind kind, Stream content)
    {
        string name = file.IsStandardInput ? "standard input" : file.Path, source = file.Source == InputFiles.StandardInput ? "standard input" : file.Source;
        return kind.Format switch
        {
            TextFormat.Html => HtmlReader.Read(EncodedText.AsUtf8(content), name, source, options),
            TextFormat.JsonLines => JsonLinesReader.Read(EncodedText.AsUtf8(content, withNuls: true), name, source, options),
            TextFormat.Csv => CsvReader.Read(EncodedText.AsUtf8(content), name, source, options, quoted: true),
            TextFormat.Tsv => CsvReader.Read(EncodedText.AsUtf8(content), name, source, options, quoted: false),
            TextFormat.Parquet => ParquetReader.Read(kind.Packing == Packing.None && content.CanSeek ? content : Unpacked(content), name, source, options),
            _ => PlainTextReader.Read(EncodedText.AsUtf8(content), name, source, options),
        };
    }

    // Parquet is read from its end.
    private static FileStream Unpacked(Stream content)
    {
        var temporary = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            content.CopyTo(temporary);
        }
        catch
        {
            temporary.Dispose();
            throw;
        }
        temporary.Position = 0;
        return temporary;
    }

    private bool HasChanged()
    {
        if (file.IsStandardInput) return false;
        var now = new FileInfo(file.Path);
        return !now.Exists || now.Length != file.Length || now.LastWriteTimeUtc != file.Modified;
    }

    private Document? Attempt(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (SkippedDocumentException skipped)
        {
            return Failed(skipped.Reason, skipped.Message);
        }
        catch (Exception failure) when (PackedStream.IsDamage(failure) || failure is CsvHelper.CsvHelperException || IsParquetDamage(failure))
        {
            return Failed(SkipReason.Damaged, $"it is truncated or damaged ({failure.Message.ReplaceLineEndings(" ").TrimEnd('.')})");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Failed(SkipReason.Unreadable, $"it cannot be read ({failure.Message.TrimEnd('.')})");
        }
    }

    // The library meets damaged files with whatever its code happens to throw.
    private bool IsParquetDamage(Exception failure) =>
        FileKind.OfNamed(Path.GetFileName(file.Path)).Format == TextFormat.Parquet && failure is not (InputException or OutOfMemoryException or FileNotFoundException or DirectoryNotFoundException);

    private Document Failed(SkipReason reason, string message) => Document.Unreadable(file.Path, file.Source, reason, message, _within ? "" : null);
}
