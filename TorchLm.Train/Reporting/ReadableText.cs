using TorchLm.Data.Reading;

namespace TorchLm.Train.Reporting;

/// <summary>The text of documents as they are; what cannot be read is counted.</summary>
internal sealed class ReadableText(IEnumerable<Document> documents)
{
    /// <summary>Documents read so far.</summary>
    public int Documents { get; private set; }

    /// <summary>What could not be read so far.</summary>
    public int Skipped { get; private set; }

    /// <summary>The first thing that could not be read, and why; null where there was none.</summary>
    public string? FirstSkipped { get; private set; }

    /// <summary>Reads the texts, a section of a long one at a time.</summary>
    public IEnumerable<string> Read()
    {
        foreach (Document document in documents)
        {
            if (TextOf(document) is not { Length: > 0 } text) continue;
            if (document.Joint is null) Documents++;
            yield return document.Joint + text;
        }
    }

    private string? TextOf(Document document)
    {
        try
        {
            return document.Read().Text;
        }
        catch (SkippedDocumentException skipped)
        {
            Skipped++;
            FirstSkipped ??= $"{document.Name}: {skipped.Message}";
            return null;
        }
    }
}
