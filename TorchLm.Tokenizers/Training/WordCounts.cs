using System.Runtime.InteropServices;

namespace TorchLm.Tokenizers;

/// <summary>
/// How often each distinct word occurs: a hash table with open addressing over words that lie one behind the other in blocks, so
/// that a corpus of millions of distinct words needs no object for each. For one thread at a time.
/// </summary>
internal sealed class WordCounts
{
    private const int BlockLength = 1 << 18;

    private readonly List<char[]> _blocks = [];
    private Slot[] _slots = new Slot[1 << 12];
    private int _usedOfBlock = BlockLength;

    /// <summary>Number of words in all.</summary>
    public long Total { get; private set; }

    /// <summary>Number of different words.</summary>
    public int Distinct { get; private set; }

    /// <summary>Counts a word, which is not empty, <paramref name="times"/> more times.</summary>
    public void Add(ReadOnlySpan<char> word, long times = 1)
    {
        Total += times;
        uint hash = Hash(word);
        Slot[] slots = _slots;
        for (int place = (int)(hash & (uint)(slots.Length - 1)); ; place = (place + 1) & (slots.Length - 1))
        {
            ref Slot slot = ref slots[place];
            if (slot.Count == 0)
            {
                slot = Store(word, hash);
                slot.Count = times;
                if (++Distinct > slots.Length / 4 * 3) Grow();
                return;
            }
            if (slot.Hash == hash && slot.Length == word.Length && WordOf(slot).SequenceEqual(word))
            {
                slot.Count += times;
                return;
            }
        }
    }

    /// <summary>Counts all words of another table.</summary>
    public void Add(WordCounts other)
    {
        foreach (ref readonly Slot slot in other._slots.AsSpan())
            if (slot.Count > 0) Add(other.WordOf(slot), slot.Count);
    }

    /// <summary>Calls <paramref name="action"/> with every word and its count, in no particular order.</summary>
    public void ForEach(Action<ReadOnlySpan<char>, long> action)
    {
        foreach (ref readonly Slot slot in _slots.AsSpan())
            if (slot.Count > 0) action(WordOf(slot), slot.Count);
    }

    private ReadOnlySpan<char> WordOf(in Slot slot) => _blocks[slot.Block].AsSpan(slot.Start, slot.Length);

    private Slot Store(ReadOnlySpan<char> word, uint hash)
    {
        if (_usedOfBlock + word.Length > BlockLength)
        {
            _blocks.Add(new char[Math.Max(BlockLength, word.Length)]);
            _usedOfBlock = 0;
        }
        word.CopyTo(_blocks[^1].AsSpan(_usedOfBlock));
        var slot = new Slot { Hash = hash, Length = word.Length, Block = _blocks.Count - 1, Start = _usedOfBlock };
        _usedOfBlock += word.Length;
        return slot;
    }

    private void Grow()
    {
        Slot[] larger = new Slot[checked(2 * _slots.Length)];
        foreach (ref readonly Slot slot in _slots.AsSpan())
        {
            if (slot.Count == 0) continue;
            int place = (int)(slot.Hash & (uint)(larger.Length - 1));
            while (larger[place].Count != 0) place = (place + 1) & (larger.Length - 1);
            larger[place] = slot;
        }
        _slots = larger;
    }

    // Both ends of a word in two overlapping reads, and what lies between in steps of 16 bytes, folded by products of 128 bits.
    private static uint Hash(ReadOnlySpan<char> word)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(word);
        ulong hash = (ulong)bytes.Length * 0x9E3779B97F4A7C15;
        while (bytes.Length > 16)
        {
            hash = Fold(MemoryMarshal.Read<ulong>(bytes) ^ 0xC2B2AE3D27D4EB4F, MemoryMarshal.Read<ulong>(bytes[8..]) ^ hash);
            bytes = bytes[16..];
        }
        ulong first, last;
        if (bytes.Length >= 8)
        {
            first = MemoryMarshal.Read<ulong>(bytes);
            last = MemoryMarshal.Read<ulong>(bytes[^8..]);
        }
        else if (bytes.Length >= 4)
        {
            first = MemoryMarshal.Read<uint>(bytes);
            last = MemoryMarshal.Read<uint>(bytes[^4..]);
        }
        else
        {
            first = MemoryMarshal.Read<ushort>(bytes);
            last = 0;
        }
        hash = Fold(first ^ 0x165667B19E3779F9, last ^ hash);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }

    /// <summary>A distinct word; a count of 0 is an empty slot.</summary>
    private struct Slot
    {
        public long Count;
        public uint Hash;
        public int Length, Block, Start;
    }
}
