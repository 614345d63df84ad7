using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchLm.Core;
using TorchLm.Data.Loading;
using TorchLm.Data.Words;

namespace TorchLm.Data.Deduplication;

/// <summary>
/// Signatures from which the Jaccard similarity of two texts' sets of shingles (runs of words) can be estimated: minima under
/// pseudo-random permutations (Broder, "On the resemblance and containment of documents", 1997), of which the lowest 8 bits are kept
/// (Li and König, "b-Bit Minwise Hashing", 2010), after a hash of each band of whole minima, by which candidates are found.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A word is a run of letters, digits and combining marks, in lower case. In scripts that write no spaces between words (Chinese and
/// Japanese characters, Thai, Lao, Khmer, Myanmar) every character is a word, so that a shingle is that many characters.
/// Shingles are told apart by 32 bits, which suffices for texts up to some ten million words.
/// </remarks>
public sealed class MinHash
{
    private const int BatchLength = 256; // shingles: 1 KiB of stack
    private const double ChanceMatch = 1.0 / 256; // how often the lowest 8 bits of different minima agree

    private readonly NearDuplicateOptions _options;
    private readonly Permutations _permutations;
    private readonly ulong _leavingFactor; // what the oldest word of a shingle is taken out with

    /// <summary>Prepares for signing.</summary>
    /// <param name="options">What counts as a near duplicate.</param>
    /// <exception cref="InputException">Bands times rows is more than 1024.</exception>
    public MinHash(NearDuplicateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validated();
        _permutations = new Permutations(options.Minima);
        _leavingFactor = RollingHash.LeavingFactor(options.ShingleSize);
    }

    /// <summary>Signs a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>
    /// Bands 32-bit hashes, then Bands * Rows bytes; the same for the same text and options on every machine. Null if the text has fewer
    /// words than a shingle.
    /// </returns>
    [SkipLocalsInit]
    public byte[]? Sign(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Span<uint> minima = stackalloc uint[_permutations.PaddedCount];
        minima.Fill(uint.MaxValue);
        return Lower(text, minima) ? Pack(minima) : null;
    }

    /// <summary>
    /// Estimates the Jaccard similarity of two texts' sets of shingles: the share m of equal bytes, corrected for those that are equal
    /// by chance, (m - 1/256) / (1 - 1/256).
    /// </summary>
    /// <param name="a">A signature.</param>
    /// <param name="b">Another.</param>
    /// <param name="options">The options with which both were made.</param>
    /// <returns>
    /// The estimate, at most 1, which it is for equal texts. It is right on average, and so can lie below 0 by up to 0.004. Its standard
    /// error is sqrt(m (1 - m) / (Bands * Rows)) * 256/255: 0.038 at 0.8 with the default options.
    /// </returns>
    /// <exception cref="ArgumentException">A signature has the wrong length for the options.</exception>
    public static double Similarity(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, NearDuplicateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (a.Length != options.SignatureBytes || b.Length != options.SignatureBytes)
        {
            throw new ArgumentException($"Signatures of {a.Length} and {b.Length} bytes were given for options that make " +
                $"{options.SignatureBytes}.");
        }
        int skip = options.SignatureBytes - options.Minima;
        return Similarity(a[skip..], b[skip..]);
    }

    /// <summary>The estimate from the minima's lowest bits alone.</summary>
    internal static double Similarity(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int equal = 0, i = 0;
        for (; i <= a.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector128<byte> same = Vector128.Equals(Vector128.Create(a.Slice(i, 16)), Vector128.Create(b.Slice(i, 16)));
            equal += BitOperations.PopCount(same.ExtractMostSignificantBits());
        }
        for (; i < a.Length; i++)
        {
            if (a[i] == b[i]) equal++;
        }
        return ((double)equal / a.Length - ChanceMatch) / (1 - ChanceMatch);
    }

    // A shingle's hash rolls: a polynomial in its words' hashes, which gains the word that enters and loses the one that leaves.
    [SkipLocalsInit]
    private bool Lower(string text, Span<uint> minima)
    {
        int size = _options.ShingleSize;
        Span<ulong> window = stackalloc ulong[size];
        window.Clear();
        Span<uint> batch = stackalloc uint[BatchLength];
        int filled = 0, oldest = 0;
        long words = 0;
        ulong rolling = 0;
        WordReader reader = new(text, joinPunctuation: false);
        while (reader.Read())
        {
            ulong word = reader.Hash;
            rolling = rolling * RollingHash.Base + word - window[oldest] * _leavingFactor;
            window[oldest] = word;
            if (++oldest == size) oldest = 0;
            if (++words < size) continue;

            batch[filled++] = (uint)(SeededHash.Mix(rolling) >> 32);
            if (filled < BatchLength) continue;
            _permutations.Lower(minima, batch);
            filled = 0;
        }
        _permutations.Lower(minima, batch[..filled]);
        return words >= size;
    }

    private byte[] Pack(ReadOnlySpan<uint> minima)
    {
        byte[] signature = new byte[_options.SignatureBytes];
        Span<byte> lowBits = signature.AsSpan(_options.Bands * sizeof(uint));
        for (int band = 0; band < _options.Bands; band++)
        {
            ulong hash = (ulong)band;
            foreach (uint minimum in minima.Slice(band * _options.Rows, _options.Rows)) hash = SeededHash.Mix(hash + minimum + 1);
            BinaryPrimitives.WriteUInt32LittleEndian(signature.AsSpan(band * sizeof(uint)), (uint)(hash >> 32));
        }
        for (int i = 0; i < lowBits.Length; i++) lowBits[i] = (byte)minima[i];
        return signature;
    }
}
