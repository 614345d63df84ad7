namespace TorchLm.Data.Loading;

/// <summary>
/// Random-looking numbers that are a function of their arguments alone, the same on every machine and in every version of .NET
/// (which <see cref="Random"/> does not promise). The mixing is SplitMix64's (Steele, Lea and Flood 2014, constants of Stafford's
/// variant 13).
/// </summary>
internal static class SeededHash
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>Hashes three numbers to 64 bits.</summary>
    public static ulong Of(ulong a, ulong b, ulong c) => Mix(Mix(Mix(a + GoldenGamma) + b + GoldenGamma) + c + GoldenGamma);

    /// <summary>Scatters all 64 bits; a bijection.</summary>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>Maps a hash to [0, <paramref name="count"/>); the bias is below count / 2^64.</summary>
    public static long Below(ulong hash, long count) => (long)Math.BigMul(hash, (ulong)count, out _);
}
