namespace TorchLm.Data.Cleaning;

/// <summary>
/// Counts frequent items of a stream in bounded memory, after lossy counting (Manku and Motwani, "Approximate frequency counts over data
/// streams", 2002): an entry holds the occurrences seen since it was made and the most that may have been missed before. Where the paper
/// prunes at fixed intervals, this one prunes when the table is full, by the smallest bound that empties a quarter of it.
/// </summary>
/// <remarks>
/// A count is never above the true one and at most <see cref="Missed"/> below it; nothing is missed before the table is full for the
/// first time. About 32 bytes an entry.
/// </remarks>
internal sealed class LossyCounter
{
    private readonly Dictionary<ulong, (int Count, int Missed)> _entries = [];
    private readonly int _capacity;

    public LossyCounter(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 4);
        _capacity = capacity;
    }

    /// <summary>The most occurrences that any count may lack.</summary>
    public int Missed { get; private set; }

    /// <summary>The number of entries held.</summary>
    public int Entries => _entries.Count;

    public void Add(ulong item)
    {
        if (_entries.TryGetValue(item, out (int Count, int Missed) entry))
        {
            _entries[item] = (entry.Count + 1, entry.Missed);
            return;
        }
        if (_entries.Count >= _capacity) Prune();
        _entries[item] = (1, Missed);
    }

    /// <summary>The items that occurred at least <paramref name="count"/> times for certain.</summary>
    public HashSet<ulong> AtLeast(long count)
    {
        HashSet<ulong> items = [];
        foreach ((ulong item, (int seen, _)) in _entries)
            if (seen >= count) items.Add(item);
        return items;
    }

    public void Clear() => _entries.Clear();

    private void Prune()
    {
        int target = _capacity - Math.Max(1, _capacity / 4);
        int next = Missed + 1;
        while (_entries.Count > target)
        {
            Missed = next;
            next = int.MaxValue; // the least bound at which another entry goes: every pass removes one
            foreach ((ulong item, (int count, int missed)) in _entries)
            {
                if (count + missed <= Missed) _entries.Remove(item); // allowed while a dictionary is enumerated
                else next = Math.Min(next, count + missed);
            }
        }
    }
}
