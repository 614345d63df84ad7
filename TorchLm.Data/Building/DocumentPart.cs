namespace TorchLm.Data.Building;

/// <summary>A document, or a part of one, and the split that it belongs to.</summary>
/// <param name="Split">One of <see cref="Datasets.SplitNames"/>.</param>
/// <param name="Name">What error messages call the document.</param>
/// <param name="Pieces">The text.</param>
/// <param name="Nats">−ln p of the text, where it is known.</param>
internal readonly record struct DocumentPart(string Split, string Name, IEnumerable<string> Pieces, double? Nats);
