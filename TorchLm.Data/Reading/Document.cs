using TorchLm.Core;

namespace TorchLm.Data.Reading;

/// <summary>
/// A text that stands on its own: a file, a story, an article, a line of a JSON Lines file. A very long one comes in several, the second and
/// following of which say that they continue the one before.
/// </summary>
/// <remarks>The text may be extracted only when it is asked for, so that many documents can be extracted at once on several threads.</remarks>
public sealed class Document
{
    private readonly Func<DocumentText> _make;

    internal Document(string name, string source, int size, Func<DocumentText> make, string? joint = null, double? nats = null) =>
        (Name, Source, Size, _make, Joint, Nats) = (name, source, size, make, joint, nats);

    /// <summary>What messages call it: the file's path where it is one, with the line or row where the file holds several.</summary>
    public string Name { get; }

    /// <summary>Under what <c>dataset.json</c> counts it: the file or folder that the user named, or a generator's name.</summary>
    public string Source { get; }

    /// <summary>−ln p of the text under the process that made it, in nats, where that is known.</summary>
    public double? Nats { get; }

    /// <summary>The white space between the document before and this one, where this one continues it; else null.</summary>
    public string? Joint { get; }

    /// <summary>About how large it is, in bytes or characters.</summary>
    internal int Size { get; }

    /// <summary>A document in memory.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="source">Where it is from, in a few words: <c>dataset.json</c> adds up counts under this name.</param>
    /// <param name="nats">−ln p of the text, where its source knows it.</param>
    public static Document FromText(string text, string source, double? nats = null) => new(source, source, text.Length, () => new DocumentText(text), null, nats);

    /// <summary>Something that should have been a document: asking for its text says why it is none.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="source">Under what it is counted.</param>
    /// <param name="reason">Why it is none.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="joint">Not null where it would have continued the one before.</param>
    internal static Document Unreadable(string name, string source, SkipReason reason, string message, string? joint = null) =>
        new(name, source, 0, () => throw new SkippedDocumentException(reason, message), joint);

    /// <summary>The text; extracted anew at each call.</summary>
    /// <exception cref="SkippedDocumentException">It has none that can be used.</exception>
    /// <exception cref="InputException">It holds bytes that are no text, and such are to stop everything.</exception>
    public DocumentText Read() => _make();
}

/// <summary>The text of a document.</summary>
/// <param name="Text">The text.</param>
/// <param name="InvalidSequences">How many sequences of bytes were no text and became U+FFFD.</param>
public readonly record struct DocumentText(string Text, int InvalidSequences = 0);

/// <summary>Why something in the input is not a document.</summary>
public enum SkipReason
{
    /// <summary>The file cannot be opened or read to its end.</summary>
    Unreadable,

    /// <summary>The file is truncated, or is not of the format that its name says.</summary>
    Damaged,

    /// <summary>The file changed while it was read.</summary>
    Changed,

    /// <summary>The file holds something else than text.</summary>
    Binary,

    /// <summary>There are bytes that are no text in the encoding.</summary>
    InvalidBytes,

    /// <summary>A line or record is not what the format asks for.</summary>
    BadRecord,

    /// <summary>A record or file lacks the field that holds the text.</summary>
    NoField,

    /// <summary>A single record is larger than can be handled.</summary>
    TooLong,

    /// <summary>There is no text in it.</summary>
    Empty,
}

/// <summary>Something in the input is not a document, which is counted rather than fatal.</summary>
public sealed class SkippedDocumentException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">The kind of reason, for counting.</param>
    /// <param name="message">What is wrong, without the place.</param>
    public SkippedDocumentException(SkipReason reason, string message) : base(message) => Reason = reason;

    /// <summary>The kind of reason.</summary>
    public SkipReason Reason { get; }
}
