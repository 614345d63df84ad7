using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>
/// What a first reading of all documents finds out: how much text there is, and the hash by which each document is given a split.
/// It also meets unreadable files before anything is written.
/// </summary>
internal sealed class CorpusSurvey
{
    private readonly List<ulong> _hashes = [];
    private readonly List<SourceEntry> _sources = [];
    private readonly Dictionary<string, int> _sourceIndex = [];

    private CorpusSurvey() { }

    /// <summary>Each document's hash, empty ones included.</summary>
    public IReadOnlyList<ulong> Hashes => _hashes;

    /// <summary>Sums by source, in the order of their first document.</summary>
    public IReadOnlyList<SourceEntry> Sources => _sources;

    /// <summary>Documents that hold text.</summary>
    public long Documents { get; private set; }

    /// <summary>Unicode characters in all documents.</summary>
    public long Characters { get; private set; }

    /// <summary>Bytes of UTF-8 text in all documents.</summary>
    public long Bytes { get; private set; }

    /// <summary>Smallest hash of a document that holds text.</summary>
    public ulong SmallestHash { get; private set; } = ulong.MaxValue;

    /// <summary>Largest hash of a document that holds text.</summary>
    public ulong LargestHash { get; private set; }

    /// <summary>Reads all documents.</summary>
    /// <exception cref="InputException">A document cannot be read, or none holds text.</exception>
    public static CorpusSurvey Of(IEnumerable<Document> documents, long seed, IProgress<BuildProgress>? progress,
        CancellationToken cancellation)
    {
        CorpusSurvey survey = new();
        foreach (Document document in documents)
        {
            survey.Add(document, seed, progress, cancellation);
        }
        if (survey.Bytes == 0) throw new InputException("The input holds no text: name files with text in them.");
        return survey;
    }

    private void Add(Document document, long seed, IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> seedBytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(seedBytes, seed);
        hash.AppendData(seedBytes);

        long bytes = 0;
        foreach (string piece in document.ReadPieces())
        {
            cancellation.ThrowIfCancellationRequested();
            Characters += TextPieces.CountCharacters(piece);
            bytes += AppendUtf8(hash, piece);
            progress?.Report(new BuildProgress(BuildPhase.Reading, Bytes + bytes, TotalBytes: null));
        }
        Count(document.Source, bytes, hash);
    }

    private void Count(string source, long bytes, IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        ulong key = BinaryPrimitives.ReadUInt64LittleEndian(digest);
        _hashes.Add(key);

        int documents = bytes > 0 ? 1 : 0;
        if (_sourceIndex.TryAdd(source, _sources.Count)) _sources.Add(new SourceEntry(source, 0, 0));
        SourceEntry entry = _sources[_sourceIndex[source]];
        _sources[_sourceIndex[source]] = entry with { Bytes = entry.Bytes + bytes, Documents = entry.Documents + documents };
        Documents += documents;
        Bytes += bytes;
        if (documents == 0) return;
        SmallestHash = Math.Min(SmallestHash, key);
        LargestHash = Math.Max(LargestHash, key);
    }

    private static int AppendUtf8(IncrementalHash hash, string piece)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        int length = Encoding.UTF8.GetBytes(piece, buffer);
        hash.AppendData(buffer, 0, length);
        ArrayPool<byte>.Shared.Return(buffer);
        return length;
    }
}
