using System.Numerics;

namespace TorchLm.Data.Inspection;

/// <summary>How long documents are, counted by powers of two: bin b holds lengths from 2^b to 2^(b+1) − 1, in tokens.</summary>
public sealed class LengthHistogram
{
    private readonly long[] _bins = new long[64];

    /// <summary>How many documents were counted.</summary>
    public long Count { get; private set; }

    /// <summary>Tokens of all of them.</summary>
    public long Total { get; private set; }

    /// <summary>The shortest; 0 where there is none.</summary>
    public long Shortest { get; private set; }

    /// <summary>The longest; 0 where there is none.</summary>
    public long Longest { get; private set; }

    /// <summary>Mean length in tokens.</summary>
    public double Mean => Count == 0 ? 0 : (double)Total / Count;

    /// <summary>The bins from the first to the last that is not empty.</summary>
    public IEnumerable<LengthBin> Bins
    {
        get
        {
            if (Count == 0) yield break;
            int first = Array.FindIndex(_bins, count => count > 0), last = Array.FindLastIndex(_bins, count => count > 0);
            for (int bin = first; bin <= last; bin++) yield return new LengthBin(1L << bin, (2L << bin) - 1, _bins[bin]);
        }
    }

    /// <summary>Counts a document.</summary>
    /// <param name="length">Its tokens, at least 1.</param>
    public void Add(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _bins[BitOperations.Log2((ulong)length)]++;
        Shortest = Count == 0 ? length : Math.Min(Shortest, length);
        Longest = Math.Max(Longest, length);
        Count++;
        Total += length;
    }
}

/// <summary>Documents of similar length.</summary>
/// <param name="From">The shortest length, in tokens.</param>
/// <param name="To">The longest length, in tokens.</param>
/// <param name="Documents">How many there are.</param>
public readonly record struct LengthBin(long From, long To, long Documents);
