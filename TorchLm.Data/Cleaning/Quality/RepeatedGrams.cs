using System.Numerics;
using TorchLm.Data.Loading;
using TorchLm.Data.Words;

namespace TorchLm.Data.Cleaning.Quality;

/// <summary>Counts n-grams of words by their rolling hashes, in a table with open addressing that documents share.</summary>
internal sealed class RepeatedGrams
{
    private const int KeptSlots = 1 << 21;

    private int[] _slots = []; // 0: empty; else the place of the gram's first occurrence + 1
    private ulong[] _hashes = []; // by place of the gram's first word
    private int[] _counts = [];
    private int _mask;

    /// <summary>
    /// The characters of the most frequent n-gram, without spaces, times its number of occurrences; of equally frequent ones the longest
    /// counts. 0 if none occurs twice.
    /// </summary>
    public long Top(ReadOnlySpan<ulong> words, ReadOnlySpan<int> lengths, int size)
    {
        int grams = Prepare(words, size);
        int topCount = 1, topLength = 0, length = 0;
        for (int word = 0; word < words.Length; word++)
        {
            length += lengths[word];
            if (word >= size) length -= lengths[word - size];
            int place = word - size + 1;
            if (place < 0 || place >= grams) continue;
            int first = FirstPlace(place);
            int count = first == place ? _counts[place] = 1 : ++_counts[first];
            if (count > topCount || (count == topCount && count > 1 && length > topLength)) (topCount, topLength) = (count, length);
        }
        return topCount < 2 ? 0 : (long)topCount * topLength;
    }

    /// <summary>The characters, without spaces, in n-grams that occurred earlier in the text; each character counts once.</summary>
    public long Repeated(ReadOnlySpan<ulong> words, ReadOnlySpan<int> lengths, int size)
    {
        int grams = Prepare(words, size), covered = 0;
        long characters = 0;
        for (int place = 0; place < grams; place++)
        {
            if (FirstPlace(place) == place) continue;
            for (int word = Math.Max(place, covered); word < place + size; word++) characters += lengths[word];
            covered = place + size;
        }
        return characters;
    }

    private int Prepare(ReadOnlySpan<ulong> words, int size)
    {
        int grams = Math.Max(0, words.Length - size + 1);
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2 * grams));
        if (_slots.Length < slots || _slots.Length > KeptSlots) _slots = new int[slots];
        // No more slots than needed: clearing all that an earlier, longer document left would cost more than the document.
        _mask = slots - 1;
        Array.Clear(_slots, 0, slots);
        if (_hashes.Length < grams || _hashes.Length > KeptSlots)
        {
            _hashes = new ulong[slots];
            _counts = new int[slots];
        }
        ulong rolling = 0, leaving = RollingHash.LeavingFactor(size);
        for (int word = 0; word < words.Length; word++)
        {
            rolling = rolling * RollingHash.Base + words[word];
            if (word >= size) rolling -= words[word - size] * leaving;
            if (word >= size - 1) _hashes[word - size + 1] = SeededHash.Mix(rolling);
        }
        return grams;
    }

    private int FirstPlace(int place)
    {
        ulong hash = _hashes[place];
        for (int slot = (int)hash & _mask; ; slot = (slot + 1) & _mask)
        {
            int held = _slots[slot];
            if (held == 0)
            {
                _slots[slot] = place + 1;
                return place;
            }
            if (_hashes[held - 1] == hash) return held - 1;
        }
    }
}
