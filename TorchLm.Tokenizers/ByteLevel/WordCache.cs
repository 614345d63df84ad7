using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Tokenizers;

/// <summary>
/// The ids of words that were met lately: nearly all words of a text are among its most frequent ones. A table in
/// which each word has one place, from which the next word with the same place drives it out; its memory is bounded (8 MiB), and
/// what it answers does not depend on what was asked before. For one thread at a time.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words (in UTF-16 units) are not kept: a word and its ids fill one line of a processor's cache.</summary>
    public const int LongestWord = 16;

    /// <summary>Words of more ids are not kept either.</summary>
    public const int MostIds = 7;

    private const int FirstSize = 1 << 10, LastSize = 1 << 17;

    // Sixteen units of all ones before sixteen of zeros: read from 16 - n on it keeps the first n units of a vector.
    private static readonly ushort[] _masks = [.. Enumerable.Repeat(ushort.MaxValue, 16), .. new ushort[16]];

    private Slot[] _slots = new Slot[FirstSize];
    private int _replaced;

    /// <summary>
    /// The word at [start, end) of a text as a key: its units, then zeros. Its length is not a part, so that zeros in a text
    /// must be told by it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ushort> KeyOf(ReadOnlySpan<char> text, int start, int length)
    {
        if (start + LongestWord > text.Length) return KeyAtEnd(text.Slice(start, length));
        ref ushort first = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text));
        return Vector256.LoadUnsafe(ref first, (nuint)start) &
               Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_masks), (nuint)(LongestWord - length));
    }

    /// <summary>The ids in the first lanes and their number, or 0 if the word is not here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(Vector256<ushort> key, int length, out Vector256<int> ids)
    {
        ref readonly Slot slot = ref _slots[Place(key, length)];
        ids = slot.Ids;
        int note = ids.GetElement(MostIds);
        return slot.Key == key && (note & 0xFF) == length ? note >> 8 : 0;
    }

    /// <summary>Keeps a word, if it has few enough ids.</summary>
    public void Add(Vector256<ushort> key, int length, ReadOnlySpan<int> ids)
    {
        if (ids.Length > MostIds) return;
        Span<int> lanes = stackalloc int[MostIds + 1];
        ids.CopyTo(lanes);
        lanes[MostIds] = length | (ids.Length << 8);
        ref Slot slot = ref _slots[Place(key, length)];
        bool replaces = slot.Ids.GetElement(MostIds) != 0;
        slot = new Slot { Key = key, Ids = Vector256.Create<int>(lanes) };
        if (replaces && ++_replaced > _slots.Length / 2 && _slots.Length < LastSize) Grow();
    }

    private static Vector256<ushort> KeyAtEnd(ReadOnlySpan<char> word)
    {
        Span<ushort> units = stackalloc ushort[LongestWord];
        units.Clear();
        MemoryMarshal.Cast<char, ushort>(word).CopyTo(units);
        return Vector256.Create<ushort>(units);
    }

    // A small text needs a small table only.
    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[old.Length * 4];
        _replaced = 0;
        foreach (ref readonly Slot slot in old.AsSpan())
        {
            int note = slot.Ids.GetElement(MostIds);
            if (note != 0) _slots[Place(slot.Key, note & 0xFF)] = slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Place(Vector256<ushort> key, int length)
    {
        Vector256<ulong> parts = key.AsUInt64();
        ulong mixed = (parts.GetElement(0) * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(parts.GetElement(1) * 0xC2B2AE3D27D4EB4F, 29);
        mixed += (parts.GetElement(2) * 0x165667B19E3779F9) ^ BitOperations.RotateLeft(parts.GetElement(3) * 0x85EBCA77C2B2AE63, 31);
        mixed = (mixed ^ (mixed >> 32) ^ (uint)length) * 0x9E3779B97F4A7C15;
        return (int)((mixed >> 40) & (uint)(_slots.Length - 1));
    }

    /// <summary>64 bytes. The last lane holds the word's length and, from bit 8 on, the number of ids; 0 in an empty one.</summary>
    private struct Slot
    {
        public Vector256<ushort> Key;
        public Vector256<int> Ids;
    }
}
