using TorchLm.Data.Words;

namespace TorchLm.Data.Cleaning;

/// <summary>The n-grams of the held-out texts, by length, and where a text contains one of them.</summary>
internal sealed class HeldOutGrams
{
    private readonly int[] _sizes;
    private readonly HashSet<ulong>[] _grams; // by place in _sizes
    private readonly ulong[] _leavingFactors;
    private readonly ulong[] _filter; // a bit per hash: most words of a text are turned away here, without a look into the sets
    private readonly int _filterMask;
    private readonly int _longest;

    public HeldOutGrams(IReadOnlyList<string> texts, int size, int shortest)
    {
        SortedDictionary<int, HashSet<ulong>> bySize = [];
        foreach (string text in texts)
        {
            List<ulong> words = [];
            WordReader reader = new(text, joinPunctuation: true);
            while (reader.Read()) words.Add(reader.Hash);
            if (words.Count < shortest) continue;
            int length = Math.Min(size, words.Count);
            if (!bySize.TryGetValue(length, out HashSet<ulong>? grams)) bySize[length] = grams = [];
            for (int i = 0; i + length <= words.Count; i++)
            {
                ulong hash = 0;
                for (int word = i; word < i + length; word++) hash = hash * RollingHash.Base + words[word];
                grams.Add(hash);
            }
        }
        _sizes = [.. bySize.Keys];
        _grams = [.. bySize.Values];
        _leavingFactors = [.. _sizes.Select(RollingHash.LeavingFactor)];
        _longest = _sizes.Length == 0 ? 0 : _sizes[^1];

        int bits = 1 << 16;
        while (bits < 1 << 26 && bits / 16 < _grams.Sum(set => set.Count)) bits *= 2;
        _filter = new ulong[bits / 64];
        _filterMask = bits - 1;
        foreach (HashSet<ulong> set in _grams)
            foreach (ulong hash in set) _filter[FilterBit(hash) >> 6] |= 1UL << FilterBit(hash);
    }

    /// <summary>Tells of each n-gram of the text that is held out: its hash and the characters from its first word to its last.</summary>
    public void Find(string text, Action<ulong, int, int> found)
    {
        if (_sizes.Length == 0) return;
        // Rings of the last words: their hashes and starts.
        Span<ulong> hashes = _longest <= 64 ? stackalloc ulong[_longest] : new ulong[_longest];
        Span<int> starts = _longest <= 64 ? stackalloc int[_longest] : new int[_longest];
        Span<ulong> rolling = stackalloc ulong[_sizes.Length];
        rolling.Clear();
        WordReader reader = new(text, joinPunctuation: true);
        int slot = 0;
        for (long words = 1; reader.Read(); words++)
        {
            for (int k = 0; k < _sizes.Length; k++)
            {
                int size = _sizes[k];
                int leaving = slot - size < 0 ? slot - size + _longest : slot - size; // the slot of the word `size` words ago
                ulong hash = rolling[k] * RollingHash.Base + reader.Hash;
                if (words > size) hash -= hashes[leaving] * _leavingFactors[k];
                rolling[k] = hash;
                if (words < size || (_filter[FilterBit(hash) >> 6] & (1UL << FilterBit(hash))) == 0 || !_grams[k].Contains(hash)) continue;
                int first = leaving + 1 == _longest ? 0 : leaving + 1;
                found(hash, size == 1 ? reader.Start : starts[first], reader.End);
            }
            hashes[slot] = reader.Hash;
            starts[slot] = reader.Start;
            if (++slot == _longest) slot = 0;
        }
    }

    private int FilterBit(ulong hash) => (int)(hash >> 20) & _filterMask;
}
