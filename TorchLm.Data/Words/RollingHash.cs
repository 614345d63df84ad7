namespace TorchLm.Data.Words;

/// <summary>
/// The hash of a window of words: a polynomial in <see cref="Base"/>, modulo 2^64, over the words' own well-scattered hashes, after Karp
/// and Rabin 1987.
/// </summary>
internal static class RollingHash
{
    /// <summary>An odd number, so that no word's bits are shifted out.</summary>
    public const ulong Base = 0xD6E8FEB86659FD93;

    /// <summary>What the oldest word of a window must be taken out with once the window has moved on by a word: Base^size.</summary>
    public static ulong LeavingFactor(int size)
    {
        ulong power = 1;
        for (int i = 0; i < size; i++) power *= Base;
        return power;
    }
}
