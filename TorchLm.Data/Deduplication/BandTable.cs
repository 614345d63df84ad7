namespace TorchLm.Data.Deduplication;

/// <summary>
/// Which documents have a band's hash: one flat array with open addressing and linear probing. Documents of the same hash lie in
/// several slots of the same run, so that there is no list to a hash.
/// </summary>
internal sealed class BandTable
{
    private const int FirstSlots = 16;
    private const int MostSlots = 1 << 30;

    private ulong[] _slots = new ulong[FirstSlots]; // the hash above, the document's number + 1 below; 0: empty
    private long _used;

    /// <summary>Bytes of the table.</summary>
    public long MemoryBytes => (long)_slots.Length * sizeof(ulong);

    /// <summary>Where the search for a hash begins.</summary>
    public int Start(uint hash) => (int)(hash * 0x9E3779B97F4A7C15 >> 32) & _slots.Length - 1;

    /// <summary>Finds the next document of a hash.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="slot">Where to look: <see cref="Start"/> at first, then what the last call left there.</param>
    /// <param name="document">The document's number.</param>
    /// <returns>False: there are no more.</returns>
    public bool Next(uint hash, ref int slot, out uint document)
    {
        ulong[] slots = _slots;
        for (; slots[slot] is not 0 and ulong entry; slot = slot + 1 & slots.Length - 1)
        {
            if (entry >> 32 != hash) continue;
            document = (uint)entry - 1;
            slot = slot + 1 & slots.Length - 1;
            return true;
        }
        document = 0;
        return false;
    }

    /// <summary>Adds a document.</summary>
    /// <exception cref="InvalidOperationException">The table has reached its greatest size.</exception>
    public void Add(uint hash, uint document)
    {
        if ((_used + 1) * 5 > (long)_slots.Length * 4) Grow(); // at most four fifths full
        Insert((ulong)hash << 32 | document + 1);
        _used++;
    }

    private void Insert(ulong entry)
    {
        int slot = Start((uint)(entry >> 32));
        while (_slots[slot] != 0) slot = slot + 1 & _slots.Length - 1;
        _slots[slot] = entry;
    }

    private void Grow()
    {
        if (_slots.Length == MostSlots) throw new InvalidOperationException($"The table of near duplicates is full at {_used:N0} documents.");
        ulong[] old = _slots;
        _slots = new ulong[old.Length * 2];
        foreach (ulong entry in old)
        {
            if (entry != 0) Insert(entry);
        }
    }
}
