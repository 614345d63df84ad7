using System.Numerics;
using System.Runtime.InteropServices;
using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Deduplication;

/// <summary>
/// Permutations of the 32-bit numbers, and the minimum that each of them gives a set. One is x -> f(a x + b) c with odd a and c and
/// f(y) = y ^ (y >> 16): the linear map alone would have its lowest bits depend on the lowest bits of x only.
/// </summary>
internal sealed class Permutations
{
    private const ulong Seed = 0x746F7263686C6D31; // fixed: signatures of two runs can be compared

    private readonly uint[] _factor;
    private readonly uint[] _addend;
    private readonly uint[] _lastFactor;

    /// <summary>The first <paramref name="count"/> permutations of a fixed sequence.</summary>
    public Permutations(int count)
    {
        int vector = Vector<uint>.Count;
        PaddedCount = (count + vector - 1) / vector * vector;
        _factor = new uint[PaddedCount];
        _addend = new uint[PaddedCount];
        _lastFactor = new uint[PaddedCount];
        SplitMix64 random = new(Seed);
        for (int i = 0; i < count; i++)
        {
            _factor[i] = (uint)(random.NextUInt64() >> 32) | 1;
            _addend[i] = (uint)(random.NextUInt64() >> 32);
            _lastFactor[i] = (uint)(random.NextUInt64() >> 32) | 1;
        }
    }

    /// <summary>The number of permutations, rounded up to whole vectors: the length that <see cref="Lower"/> needs.</summary>
    public int PaddedCount { get; }

    /// <summary>Lowers each permutation's minimum to that of the members' images.</summary>
    public void Lower(Span<uint> minima, ReadOnlySpan<uint> members)
    {
        Span<Vector<uint>> lowest = MemoryMarshal.Cast<uint, Vector<uint>>(minima[..PaddedCount]);
        ReadOnlySpan<Vector<uint>> factors = MemoryMarshal.Cast<uint, Vector<uint>>(_factor);
        ReadOnlySpan<Vector<uint>> addends = MemoryMarshal.Cast<uint, Vector<uint>>(_addend);
        ReadOnlySpan<Vector<uint>> lastFactors = MemoryMarshal.Cast<uint, Vector<uint>>(_lastFactor);
        for (int i = 0; i < lowest.Length; i++)
        {
            // All of a permutation's state stays in registers while the members pass by.
            Vector<uint> factor = factors[i], addend = addends[i], lastFactor = lastFactors[i], minimum = lowest[i];
            foreach (uint member in members)
            {
                Vector<uint> image = new Vector<uint>(member) * factor + addend;
                minimum = Vector.Min(minimum, (image ^ (image >>> 16)) * lastFactor);
            }
            lowest[i] = minimum;
        }
    }
}
