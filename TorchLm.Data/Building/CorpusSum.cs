using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>A document whose sections are being stored.</summary>
internal sealed class OpenDocument(long number, string source, UInt128 hash)
{
    public long Number { get; } = number;

    public string Source { get; } = source;

    /// <summary>The hash of its first section, which decides its split.</summary>
    public UInt128 Hash { get; } = hash;

    /// <summary>A hash of all sections.</summary>
    public UInt128 WholeHash { get; private set; }

    public int Sections { get; private set; }

    public long Bytes { get; private set; }

    public long Characters { get; private set; }

    public void Add(int bytes, long characters, UInt128 hash)
    {
        Bytes += bytes;
        Characters += characters;
        Sections++;
        WholeHash = WholeHash * new UInt128(0x9E3779B97F4A7C15, 0xF39CC0605CEDC835) + hash; // odd: the order of the sections matters
    }
}

/// <summary>Adds up the documents that are left.</summary>
internal sealed class CorpusSum(long seed)
{
    private readonly List<SourceEntry> _sources = [];
    private readonly Dictionary<string, int> _sourceIndex = [];
    private long _documents, _characters, _bytes;
    private ulong _smallest = ulong.MaxValue, _largest;

    /// <summary>Adds a document.</summary>
    public void Add(OpenDocument document)
    {
        if (_sourceIndex.TryAdd(document.Source, _sources.Count)) _sources.Add(new SourceEntry(document.Source, 0, 0));
        SourceEntry entry = _sources[_sourceIndex[document.Source]];
        _sources[_sourceIndex[document.Source]] = entry with { Bytes = entry.Bytes + document.Bytes, Documents = entry.Documents + 1 };
        _documents++;
        _characters += document.Characters;
        _bytes += document.Bytes;
        ulong key = CollectedCorpus.KeyOf(document.Hash, seed);
        (_smallest, _largest) = (Math.Min(_smallest, key), Math.Max(_largest, key));
    }

    /// <summary>The sums.</summary>
    public CollectedCorpus ToCorpus(PreparationEntry preparation, IReadOnlyList<long> removed) =>
        new(_sources, _documents, _characters, _bytes, _smallest, _largest, preparation, removed);
}
