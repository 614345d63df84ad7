namespace TorchLm.Data.Building;

/// <summary>A document, or a part of one, and the split that it belongs to.</summary>
/// <param name="Split">One of <see cref="Datasets.SplitNames"/>.</param>
/// <param name="Name">What error messages call the document.</param>
/// <param name="Source">Under what it is counted.</param>
/// <param name="Begins">Whether a document begins here, rather than going on.</param>
/// <param name="Text">The text.</param>
/// <param name="Nats">−ln p of the document, where it is known and begins here.</param>
internal readonly record struct DocumentPart(string Split, string Name, string Source, bool Begins, string Text, double? Nats);
