using TorchLm.Core;

namespace TorchLm.Data.Building;

/// <summary>
/// A text that stands on its own: a file, a story, an article. Its text is read in pieces, so that it may be larger than memory,
/// and as often as needed.
/// </summary>
public sealed class Document
{
    private readonly string? _text;

    private Document(string? text, string name, string source, double? nats) =>
        (_text, Name, Source, Nats) = (text, name, source, nats);

    /// <summary>What error messages call it: the file's path, where it is one.</summary>
    public string Name { get; }

    /// <summary>
    /// Under what <c>dataset.json</c> counts it: the file or folder that the user named, or a generator's name.
    /// </summary>
    public string Source { get; }

    /// <summary>−ln p of the text under the process that made it, in nats, where that is known.</summary>
    public double? Nats { get; }

    /// <summary>A document in memory.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="source">Where it is from, in a few words: <c>dataset.json</c> adds up counts under this name.</param>
    /// <param name="nats">−ln p of the text, where its source knows it.</param>
    public static Document FromText(string text, string source, double? nats = null) => new(text, source, source, nats);

    /// <summary>A UTF-8 file, read when needed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">
    /// Under what <c>dataset.json</c> counts it: the file itself, or the folder that it was found in.
    /// </param>
    public static Document FromFile(string path, string source) => new(null, path, source, null);

    /// <summary>The text from its beginning, in pieces of bounded size; a surrogate pair is never parted.</summary>
    /// <exception cref="InputException">The file cannot be read, or is not UTF-8.</exception>
    public IEnumerable<string> ReadPieces() => _text is null ? StrictUtf8.ReadPieces(Name) : [_text];
}
