namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// The random numbers behind the corpus: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014), integer arithmetic only, so that the same seed gives the same text on every machine and every version
/// of .NET.
/// </summary>
public sealed class SplitMix64
{
    private const ulong Gamma = 0x9E3779B97F4A7C15; // 2^64 / golden ratio, odd: the state visits all 2^64 values

    private ulong _state;

    /// <summary>Creates the stream that begins at <paramref name="state"/>.</summary>
    public SplitMix64(ulong state) => _state = state;

    /// <summary>
    /// The stream of one item of a seeded sequence. Seed and index are scrambled one after the other, so that neighbouring
    /// indices, and neighbouring seeds, give streams that have nothing in common.
    /// </summary>
    public static SplitMix64 ForItem(ulong seed, long index) => new(Scramble(Scramble(seed) + unchecked((ulong)index)));

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        _state = unchecked(_state + Gamma);
        return Scramble(_state);
    }

    /// <summary>
    /// A number in [0, <paramref name="bound"/>), each exactly equally likely given fair bits: draws from the incomplete
    /// last stretch of the 2^64 values are thrown away.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public int NextBelow(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        ulong range = (ulong)bound;
        ulong incomplete = (ulong.MaxValue % range + 1) % range;
        ulong bits;
        do
            bits = NextUInt64();
        while (bits > ulong.MaxValue - incomplete);
        return (int)(bits % range);
    }

    private static ulong Scramble(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
