using System.Numerics;

namespace TorchLm.Data.Loading;

/// <summary>
/// A random-looking permutation of 0 .. Count−1, given by a key, that needs no memory: each position is computed on its own.
/// </summary>
/// <remarks>
/// A Feistel network permutes all numbers of an even number of bits, whatever its round function is (Luby and Rackoff 1988);
/// numbers that fall outside the range are sent through again until they land inside (cycle walking: Black and Rogaway 2002). The
/// domain is less than four times the range, so that fewer than four passes are needed on average.
/// </remarks>
internal readonly struct Permutation
{
    private const int Rounds = 8;

    private readonly ulong _key, _halfMask;
    private readonly int _halfBits;

    /// <summary>Creates the permutation of <paramref name="count"/> numbers that belongs to <paramref name="key"/>.</summary>
    public Permutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Count = count;
        _key = key;
        int bits = 64 - BitOperations.LeadingZeroCount((ulong)(count - 1));
        _halfBits = (bits + 1) / 2;
        _halfMask = (1UL << _halfBits) - 1;
    }

    /// <summary>How many numbers are permuted.</summary>
    public long Count { get; }

    /// <summary>The number at <paramref name="position"/>, both in [0, Count).</summary>
    public long this[long position]
    {
        get
        {
            ulong x = (ulong)position;
            do x = Encrypt(x);
            while (x >= (ulong)Count);
            return (long)x;
        }
    }

    private ulong Encrypt(ulong x)
    {
        ulong left = x >> _halfBits, right = x & _halfMask;
        for (ulong round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (SeededHash.Of(_key, round, right) & _halfMask));
        }
        return (left << _halfBits) | right;
    }
}
