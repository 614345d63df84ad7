using System.Text.Json;
using TorchLm.Core;

namespace TorchLm.Export.HuggingFace;

/// <summary>JSON files from elsewhere, which are not trusted: of bounded size and depth, and without a name that stands twice in an object.</summary>
internal static class JsonFile
{
    private const long SizeLimit = 64 << 20; // the index of a thousand-layer model has about 1 MB

    // Comments, because a run's config.json, which may have some, is looked at too: to find out whose it is.
    private static readonly JsonDocumentOptions s_options =
        new() { MaxDepth = 32, AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads an object. The caller owns the document.</summary>
    /// <exception cref="InputException">The file cannot be read, or is not a JSON object.</exception>
    public static JsonDocument ReadObject(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > SizeLimit) throw new InputException($"'{path}' has {file.Length >> 20} MB, more than such a file can need: get it again.");
            JsonDocument document = JsonDocument.Parse(file, s_options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new InputException($"'{path}' is not a JSON object: get the file again.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}': {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter where a name is not Unicode
        {
            string where = e is JsonException { LineNumber: { } line } ? $" (line {line + 1})" : "";
            throw new InputException($"'{path}' is not sound JSON{where}: get the file again.", e);
        }
    }
}
