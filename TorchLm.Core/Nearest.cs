namespace TorchLm.Core;

/// <summary>What somebody may have meant who wrote a word that is none of the known ones.</summary>
public static class Nearest
{
    // Of a longer word two fifths may be wrong ("trian", "model.layers"); shorter ones are each other's neighbours though they mean different things.
    private const double LargestShare = 0.4;
    private const int Shortest = 4, ShortestPart = 3, LongestWord = 100;

    /// <summary>The known word that is nearest to a given one; null where none is near.</summary>
    public static string? To(string word, IEnumerable<string> known)
    {
        string asked = Plain(word.Length > LongestWord ? word[..LongestWord] : word); // comparing takes time with its length
        return known.Select(candidate => (Word: candidate, Plain: Plain(candidate))).Where(candidate => IsNear(asked, candidate.Plain))
            .OrderBy(candidate => Distance(candidate.Plain, asked) - candidate.Plain.AsSpan().CommonPrefixLength(asked)).FirstOrDefault().Word;
    }

    /// <summary>A question to put behind a sentence that lists what is known: " Did you mean X?", or nothing where none is near.</summary>
    public static string Question(string word, IEnumerable<string> known) => To(word, known) is { } nearest ? $" Did you mean {nearest}?" : "";

    private static bool IsNear(string asked, string known)
    {
        if (asked == known) return true;
        bool isPart = Math.Min(asked.Length, known.Length) >= ShortestPart && (known.StartsWith(asked, StringComparison.Ordinal)
            || known.EndsWith(asked, StringComparison.Ordinal) || asked.StartsWith(known, StringComparison.Ordinal));
        int longer = Math.Max(asked.Length, known.Length);
        return isPart || (longer >= Shortest && Distance(asked, known) <= LargestShare * longer);
    }

    /// <summary>Small and capital letters, and the ways to join words, are not told apart.</summary>
    private static string Plain(string word) => word.ToLowerInvariant().Replace("_", "").Replace("-", "");

    /// <summary>The edit distance of Damerau and Levenshtein (optimal string alignment): two neighbours exchanged are one mistake.</summary>
    internal static int Distance(string a, string b)
    {
        int[] beforeLast = new int[b.Length + 1], last = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(substitution, Math.Min(last[j], row[j - 1]) + 1);
                bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if (exchanged) row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }
            (beforeLast, last) = (last, row);
        }
        return last[^1];
    }
}
