using System.Text;
using TorchLm.Core;

namespace TorchLm.Data.Building;

/// <summary>A document, or a section of a long one, between reading and encoding.</summary>
/// <param name="Number">The document's number, from 0, in the order of the input; those that were removed leave gaps.</param>
/// <param name="Name">What messages call it.</param>
/// <param name="Source">Under what it is counted.</param>
/// <param name="Joint">White space between the section before and this one; null where a document begins.</param>
/// <param name="Hash">Of the whole document: decides its split.</param>
/// <param name="Nats">−ln p of its text, where it is known.</param>
/// <param name="Utf8">The text, without the joint.</param>
internal sealed record StoredDocument(long Number, string Name, string Source, string? Joint, UInt128 Hash, double? Nats, byte[] Utf8)
{
    /// <summary>The text with the white space that joins it to the section before.</summary>
    public string Text => Joint + Encoding.UTF8.GetString(Utf8);
}

/// <summary>
/// A file of documents that are written once and read in order several times, so that the input need not be read, unpacked and cleaned again for each
/// pass over it. It is private to one build and has no format of its own to be kept.
/// </summary>
internal static class DocumentStore
{
    private const int BufferSize = 1 << 20;

    /// <summary>Writes documents as they pass.</summary>
    public sealed class Writer(string path) : IDisposable
    {
        private readonly BinaryWriter _writer = new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, BufferSize));

        public void Write(StoredDocument document)
        {
            _writer.Write(document.Number);
            _writer.Write(document.Name);
            _writer.Write(document.Source);
            _writer.Write(document.Joint is not null);
            _writer.Write(document.Joint ?? "");
            _writer.Write((ulong)(document.Hash >> 64));
            _writer.Write((ulong)document.Hash);
            _writer.Write(document.Nats ?? double.NaN);
            _writer.Write(document.Utf8.Length);
            _writer.Write(document.Utf8);
        }

        /// <summary>Everything is on the disk: whoever is told that the documents are stored can rely on it.</summary>
        public void Complete()
        {
            _writer.Flush();
            ((FileStream)_writer.BaseStream).Flush(flushToDisk: true);
        }

        public void Dispose() => _writer.Dispose();
    }

    /// <summary>Reads them back.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    public static IEnumerable<StoredDocument> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.SequentialScan);
        using var reader = new BinaryReader(file);
        while (file.Position < file.Length) yield return ReadOne(reader, file);
    }

    private static StoredDocument ReadOne(BinaryReader reader, FileStream file)
    {
        try
        {
            long number = reader.ReadInt64();
            string name = reader.ReadString(), source = reader.ReadString();
            bool continues = reader.ReadBoolean();
            string joint = reader.ReadString();
            var hash = new UInt128(reader.ReadUInt64(), reader.ReadUInt64());
            double nats = reader.ReadDouble();
            int length = reader.ReadInt32();
            if (length < 0 || length > file.Length - file.Position) throw new EndOfStreamException(); // before anything is allocated for it
            return new StoredDocument(number, name, source, continues ? joint : null, hash, double.IsNaN(nats) ? null : nats, reader.ReadBytes(length));
        }
        catch (Exception failure) when (failure is IOException or FormatException)
        {
            throw new InputException($"The documents that were stored in '{file.Name}' cannot be read ({failure.Message.TrimEnd('.')}): " +
                "delete the folder that it is in, and prepare the data again.", failure);
        }
    }
}
