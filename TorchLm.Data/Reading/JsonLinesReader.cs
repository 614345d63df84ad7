using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace TorchLm.Data.Reading;

/// <summary>JSON Lines: an object a line, one of whose fields is the text. Blank lines are passed over.</summary>
internal static class JsonLinesReader
{
    /// <summary>Longest line, in bytes.</summary>
    public const int LineLimit = 64 << 20;

    /// <summary>The documents of a file.</summary>
    public static IEnumerable<Document> Read(Stream utf8, string name, string source, ReadingOptions options)
    {
        long number = 0;
        foreach (byte[]? line in Bounded.ReadLines(utf8, LineLimit))
        {
            string lineName = $"{name}, line {++number}";
            if (line is null) yield return Document.Unreadable(lineName, source, SkipReason.TooLong, $"a line of more than {LineLimit >> 20} MB");
            else if (line.AsSpan().ContainsAnyExcept(" \t\r"u8)) yield return new Document(lineName, source, line.Length, () => Parse(line, lineName, options));
        }
    }

    private static DocumentText Parse(byte[] line, string name, ReadingOptions options)
    {
        try
        {
            return new DocumentText(Find(line, options.Field));
        }
        catch (JsonException failure)
        {
            throw new SkippedDocumentException(SkipReason.BadRecord, $"it is not JSON (byte {failure.BytePositionInLine + 1} of the line)");
        }
        catch (InvalidOperationException) when (!Utf8.IsValid(line)) // bad bytes in another field are nobody's concern
        {
            DocumentText decoded = EncodedText.Decode(line, options.Invalid, name, position: null);
            return Parse(Encoding.UTF8.GetBytes(decoded.Text), name, options) with { InvalidSequences = decoded.InvalidSequences };
        }
        catch (InvalidOperationException)
        {
            throw new SkippedDocumentException(SkipReason.InvalidBytes, "it spells half of a character (a lone surrogate)");
        }
    }

    private static string Find(byte[] line, string field)
    {
        var json = new Utf8JsonReader(line);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new SkippedDocumentException(SkipReason.BadRecord, "it is not a JSON object");
        string? text = null;
        bool found = false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool wanted = json.ValueTextEquals(field);
            json.Read();
            if (wanted)
            {
                found = true;
                text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
            }
            json.Skip();
        }
        json.Read(); // nothing may follow the object
        if (!found) throw new SkippedDocumentException(SkipReason.NoField, $"it has no field '{field}'");
        return text ?? throw new SkippedDocumentException(SkipReason.NoField, $"its field '{field}' is not a string");
    }
}
