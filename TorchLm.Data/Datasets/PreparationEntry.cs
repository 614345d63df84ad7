namespace TorchLm.Data.Datasets;

/// <summary>What became of the input on its way to the data set.</summary>
/// <param name="DocumentsRead">Documents with text that were read.</param>
/// <param name="BytesRead">Bytes of UTF-8 text in them, before cleaning.</param>
/// <param name="InvalidSequences">Sequences of bytes that were no text and became U+FFFD.</param>
/// <param name="Skipped">What was no usable document, by reason.</param>
/// <param name="Steps">What cleaning and de-duplication did, in their order.</param>
public sealed record PreparationEntry(
    long DocumentsRead, long BytesRead, long InvalidSequences, IReadOnlyList<SkippedEntry> Skipped, IReadOnlyList<StepEntry> Steps);

/// <summary>What was no usable document for one reason.</summary>
/// <param name="Reason">The reason, as <see cref="Reading.SkipReason"/> names it.</param>
/// <param name="Count">How many.</param>
/// <param name="Samples">The first of them, with what was wrong.</param>
public sealed record SkippedEntry(string Reason, long Count, IReadOnlyList<SampleEntry> Samples);

/// <summary>What a step did to the documents.</summary>
/// <param name="Name">The step.</param>
/// <param name="DocumentsChanged">Documents of which it took or replaced something.</param>
/// <param name="Changes">How many things it took or replaced in them.</param>
/// <param name="DocumentsRemoved">Documents that it removed.</param>
/// <param name="BytesRemoved">Bytes of UTF-8 text that it took, those of removed documents included.</param>
/// <param name="Samples">The first things that it took or replaced.</param>
public sealed record StepEntry(
    string Name, long DocumentsChanged, long Changes, long DocumentsRemoved, long BytesRemoved, IReadOnlyList<SampleEntry> Samples);

/// <summary>An example of what was skipped, taken or replaced.</summary>
/// <param name="Document">The document.</param>
/// <param name="Text">An excerpt, or what was wrong.</param>
public sealed record SampleEntry(string Document, string Text);
