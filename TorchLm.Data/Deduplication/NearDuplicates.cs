using System.Buffers.Binary;
using TorchLm.Core;

namespace TorchLm.Data.Deduplication;

/// <summary>
/// The signatures of the documents kept so far, and the search among them for one that a new document nearly repeats: locality-sensitive
/// hashing over bands (Indyk and Motwani, "Approximate nearest neighbors", 1998) proposes, the estimate of the Jaccard similarity decides.
/// Not thread-safe.
/// </summary>
/// <remarks>
/// With the default options 100,000 documents take 273 bytes each: 112 of the signature, and 8 in each of the 14 tables, which are from
/// two to four fifths full, so that any larger number takes 252 to 403. While the tables double, one of them exists twice.
/// There can be 858 million documents.
/// </remarks>
public sealed class NearDuplicates
{
    private readonly NearDuplicateOptions _options;
    private readonly BandTable[] _tables;
    private readonly SignatureStore _store;

    /// <summary>Makes an empty collection.</summary>
    /// <param name="options">Those that the signatures are made with.</param>
    /// <exception cref="InputException">Bands times rows is more than 1024.</exception>
    public NearDuplicates(NearDuplicateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validated();
        _tables = new BandTable[options.Bands];
        for (int band = 0; band < _tables.Length; band++) _tables[band] = new BandTable();
        _store = new SignatureStore(options.Minima);
    }

    /// <summary>Documents added.</summary>
    public long Count => _store.Count;

    /// <summary>Bytes of the signatures and tables.</summary>
    public long MemoryBytes => _store.MemoryBytes + _tables.Sum(table => table.MemoryBytes);

    /// <summary>Adds a document, unless it nearly repeats one that was added before.</summary>
    /// <param name="signature">What <see cref="MinHash.Sign"/> gave, with the same options.</param>
    /// <param name="earlier">
    /// If refused: the first document, counted from 0 among those added, that shares a band with this one and is estimated to be at least
    /// as similar as the threshold. Else -1.
    /// </param>
    /// <returns>False: it is a near duplicate, and was not added.</returns>
    /// <exception cref="ArgumentException">The signature has the wrong length for the options.</exception>
    /// <exception cref="InvalidOperationException">The tables have reached their greatest size.</exception>
    public bool Add(byte[] signature, out long earlier)
    {
        ArgumentNullException.ThrowIfNull(signature);
        if (signature.Length != _options.SignatureBytes)
        {
            throw new ArgumentException($"A signature of {signature.Length} bytes was given for options that make " +
                $"{_options.SignatureBytes}.", nameof(signature));
        }
        earlier = FindFirst(signature);
        if (earlier >= 0) return false;

        uint document = (uint)_store.Count;
        for (int band = 0; band < _tables.Length; band++) _tables[band].Add(BandHash(signature, band), document);
        _store.Add(LowBits(signature));
        return true;
    }

    private long FindFirst(byte[] signature)
    {
        ReadOnlySpan<byte> lowBits = LowBits(signature);
        long first = -1;
        for (int band = 0; band < _tables.Length; band++)
        {
            BandTable table = _tables[band];
            uint hash = BandHash(signature, band);
            int slot = table.Start(hash);
            while (table.Next(hash, ref slot, out uint candidate))
            {
                if (first >= 0 && candidate >= first) continue; // an earlier one is known
                if (MinHash.Similarity(lowBits, _store[candidate]) >= _options.Threshold) first = candidate;
            }
        }
        return first;
    }

    private ReadOnlySpan<byte> LowBits(byte[] signature) => signature.AsSpan(_options.Bands * sizeof(uint));

    private static uint BandHash(byte[] signature, int band) => BinaryPrimitives.ReadUInt32LittleEndian(signature.AsSpan(band * sizeof(uint)));
}
