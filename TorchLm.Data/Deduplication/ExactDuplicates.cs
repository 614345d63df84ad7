namespace TorchLm.Data.Deduplication;

/// <summary>
/// The set of the hashes seen so far: one flat array with open addressing and linear probing, 16 bytes a slot, at most three
/// quarters full; so 21 to 43 bytes a document, and at most 805 million documents. Not thread-safe.
/// </summary>
public sealed class ExactDuplicates
{
    private const int FirstSlots = 16;
    private const int MostSlots = 1 << 30;

    private UInt128[] _slots = new UInt128[FirstSlots]; // 0: empty
    private long _used;
    private bool _holdsZero; // the one hash that cannot lie in the table

    /// <summary>Different hashes added.</summary>
    public long Count => _used + (_holdsZero ? 1 : 0);

    /// <summary>Bytes of the table.</summary>
    public long MemoryBytes => (long)_slots.Length * 16;

    /// <summary>Adds a hash.</summary>
    /// <param name="hash">For instance that of <see cref="NormalizedText.Hash"/>.</param>
    /// <returns>False: it was there already.</returns>
    /// <exception cref="InvalidOperationException">The table has reached its greatest size.</exception>
    public bool Add(UInt128 hash)
    {
        if (hash == UInt128.Zero)
        {
            bool isNew = !_holdsZero;
            _holdsZero = true;
            return isNew;
        }
        int slot = Find(hash);
        if (_slots[slot] == hash) return false;
        if ((_used + 1) * 4 > (long)_slots.Length * 3)
        {
            Grow();
            slot = Find(hash);
        }
        _slots[slot] = hash;
        _used++;
        return true;
    }

    // The slot that holds the hash, or the empty one where it belongs.
    private int Find(UInt128 hash)
    {
        int mask = _slots.Length - 1;
        int slot = (int)(Scatter(hash) & (ulong)mask);
        while (_slots[slot] != UInt128.Zero && _slots[slot] != hash) slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        if (_slots.Length == MostSlots) throw new InvalidOperationException($"The table of exact duplicates is full at {_used:N0} hashes.");
        UInt128[] old = _slots;
        _slots = new UInt128[old.Length * 2];
        foreach (UInt128 hash in old)
        {
            if (hash != UInt128.Zero) _slots[Find(hash)] = hash;
        }
    }

    // Callers may bring numbers that are no good hashes: consecutive ones, or such as differ in their upper half only.
    private static ulong Scatter(UInt128 hash) => Loading.SeededHash.Mix((ulong)hash ^ Loading.SeededHash.Mix((ulong)(hash >> 64)));
}
