using System.Numerics;
using System.Runtime.CompilerServices;

namespace TorchLm.Tokenizers;

/// <summary>
/// What becomes of two neighbouring tokens: a hash table with open addressing, made once. Encoding asks it more often than
/// anything else, which is why it is not a dictionary.
/// </summary>
internal sealed class PairTable
{
    /// <summary>The priority of what is no pair: later than every other.</summary>
    public const int NoPair = int.MaxValue;

    private readonly Entry[] _entries;
    private readonly int _shift;

    /// <param name="pairs">The pairs, each once, with their priorities, of which the lowest is first.</param>
    /// <param name="count">Their number.</param>
    public PairTable(IEnumerable<(BpeMerge Merge, int Priority)> pairs, int count)
    {
        int bits = Math.Max(4, 2 + BitOperations.Log2((uint)Math.Max(1, count))); // between half and a quarter full
        _shift = 64 - bits;
        _entries = new Entry[1 << bits];
        Array.Fill(_entries, new Entry(ulong.MaxValue, NoPair, 0));
        foreach (var (merge, priority) in pairs)
        {
            ulong key = Key(merge.Left, merge.Right);
            int slot = FirstSlot(key);
            while (_entries[slot].Key != ulong.MaxValue) slot = (slot + 1) & (_entries.Length - 1);
            _entries[slot] = new Entry(key, priority, merge.Result);
        }
    }

    /// <summary>The priority of the pair, or <see cref="NoPair"/>, and the token that it becomes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int left, int right, out int result)
    {
        ulong key = Key(left, right);
        Entry[] entries = _entries;
        for (int slot = FirstSlot(key); ; slot = (slot + 1) & (entries.Length - 1))
        {
            ref readonly Entry entry = ref entries[slot];
            result = entry.Result;
            if (entry.Key == key || entry.Key == ulong.MaxValue) return entry.Priority;
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int FirstSlot(ulong key)
    {
        ulong mixed = key * 0x9E3779B97F4A7C15; // 2^64 divided by the golden ratio (Knuth's multiplicative hashing)
        return (int)(((mixed ^ (mixed >> 32)) * 0x9E3779B97F4A7C15) >> _shift);
    }

    private readonly record struct Entry(ulong Key, int Priority, int Result);
}
