using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

/// <summary>Texts of invented words, the same in every run, and similarities counted out.</summary>
internal sealed class RandomTexts(int seed)
{
    private readonly Random _random = new(seed);

    public Random Random => _random;

    /// <summary>Words that are all different: twelve random letters each.</summary>
    public string[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => Word())];

    public string Word() => string.Create(12, _random, (span, random) =>
    {
        for (int i = 0; i < span.Length; i++) span[i] = (char)('a' + random.Next(26));
    });

    /// <summary>Two texts of single-word shingles of which <paramref name="shared"/> of <paramref name="union"/> are in both.</summary>
    public (string A, string B) Pair(int shared, int union)
    {
        string[] words = Words(union);
        int apart = (union - shared) / 2;
        string a = string.Join(' ', words[..(shared + apart)]);
        string b = string.Join(' ', words[..shared].Concat(words[(shared + apart)..]));
        return (a, b);
    }

    /// <summary>A copy in which each word is replaced with the given probability.</summary>
    public string[] Change(string[] words, double probability) =>
        [.. words.Select(word => _random.NextDouble() < probability ? Word() : word)];

    /// <summary>Jaccard similarity of the sets of shingles, for words parted by single spaces.</summary>
    public static double Jaccard(string[] a, string[] b, int shingle)
    {
        HashSet<string> first = Shingles(a, shingle), second = Shingles(b, shingle);
        int shared = first.Count(second.Contains);
        return (double)shared / (first.Count + second.Count - shared);
    }

    public static byte[] Sign(MinHash minHash, string text) => minHash.Sign(text) ?? throw new InvalidOperationException("The text is too short.");

    private static HashSet<string> Shingles(string[] words, int size) =>
        [.. Enumerable.Range(0, words.Length - size + 1).Select(i => string.Join(' ', words, i, size))];
}
