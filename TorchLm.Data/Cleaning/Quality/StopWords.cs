using System.Numerics;

namespace TorchLm.Data.Cleaning.Quality;

/// <summary>The eight English words of Gopher's rule (Rae et al. 2021, appendix A.1), in any case and with punctuation around them.</summary>
internal static class StopWords
{
    private static readonly string[] Words = ["the", "be", "to", "of", "and", "that", "have", "with"];

    /// <summary>The bits of all eight.</summary>
    public const int All = 0xFF;

    /// <summary>The bit of a word; 0 if it is none of them.</summary>
    public static int Bit(ReadOnlySpan<char> word)
    {
        while (!word.IsEmpty && !char.IsLetterOrDigit(word[0])) word = word[1..];
        while (!word.IsEmpty && !char.IsLetterOrDigit(word[^1])) word = word[..^1];
        if (word.Length is < 2 or > 4) return 0;
        for (int i = 0; i < Words.Length; i++)
            if (word.Equals(Words[i], StringComparison.OrdinalIgnoreCase)) return 1 << i;
        return 0;
    }

    /// <summary>How many different ones a set of bits holds.</summary>
    public static int Count(int bits) => BitOperations.PopCount((uint)bits);
}
