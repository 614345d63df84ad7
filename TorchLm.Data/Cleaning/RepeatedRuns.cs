using System.Numerics;

namespace TorchLm.Data.Cleaning;

/// <summary>How much of a text stands in runs of words (n-grams) that occur in it more than once.</summary>
internal static class RepeatedRuns
{
    /// <summary>
    /// The share of the words' characters that the most frequent run of <paramref name="length"/> words takes, all its occurrences together; 0 where none
    /// occurs twice.
    /// </summary>
    public static double MostFrequent(TextStatistics text, int length)
    {
        if (text.Words < length) return 0;
        var table = new RunTable(text.Words);
        ReadOnlySpan<ulong> words = text.WordHashes;
        ReadOnlySpan<int> lengths = text.WordLengths;
        long most = 0;
        for (int i = 0; i + length <= words.Length; i++)
        {
            int times = table.Count(Hash(words.Slice(i, length)));
            if (times < 2) continue;
            most = Math.Max(most, (long)times * Characters(lengths.Slice(i, length)));
        }
        return (double)most / Math.Max(1, text.WordCharacters);
    }

    /// <summary>
    /// The share of the words' characters that stand in runs of <paramref name="length"/> words which were met before. After such a run the search goes on
    /// behind it, so that no character counts twice.
    /// </summary>
    public static double Repeated(TextStatistics text, int length)
    {
        if (text.Words < length) return 0;
        var table = new RunTable(text.Words);
        ReadOnlySpan<ulong> words = text.WordHashes;
        ReadOnlySpan<int> lengths = text.WordLengths;
        long repeated = 0;
        for (int i = 0; i + length <= words.Length;)
        {
            if (table.Count(Hash(words.Slice(i, length))) == 1)
            {
                i++;
                continue;
            }
            repeated += Characters(lengths.Slice(i, length));
            i += length;
        }
        return (double)repeated / Math.Max(1, text.WordCharacters);
    }

    private static ulong Hash(ReadOnlySpan<ulong> words)
    {
        ulong hash = (ulong)words.Length;
        foreach (ulong word in words) hash = (BitOperations.RotateLeft(hash, 23) ^ word) * 0x9E3779B97F4A7C15;
        return hash | 1; // 0 is an empty place
    }

    private static int Characters(ReadOnlySpan<int> lengths)
    {
        int sum = 0;
        foreach (int length in lengths) sum += length;
        return sum;
    }

    /// <summary>Counts hashes, in memory that the next text on the thread uses again.</summary>
    private readonly ref struct RunTable
    {
        [ThreadStatic] private static ulong[]? t_keys;
        [ThreadStatic] private static int[]? t_counts;

        private readonly Span<ulong> _keys;
        private readonly Span<int> _counts;

        public RunTable(int words)
        {
            int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2 * words));
            if (t_keys is null || t_keys.Length < size) (t_keys, t_counts) = (new ulong[size], new int[size]);
            _keys = t_keys.AsSpan(0, size);
            _counts = t_counts.AsSpan(0, size);
            _keys.Clear();
        }

        public int Count(ulong hash)
        {
            int mask = _keys.Length - 1, place = (int)(hash >> 32) & mask;
            while (_keys[place] != 0 && _keys[place] != hash) place = (place + 1) & mask;
            if (_keys[place] == hash) return ++_counts[place];
            _keys[place] = hash;
            return _counts[place] = 1;
        }
    }
}
