using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TorchLm.Data.Cleaning.Quality;

/// <summary>Finds lines or paragraphs that repeat an earlier one of the same document.</summary>
internal sealed class RepeatedUnits
{
    private readonly PooledList<int> _lengths = new();
    private readonly HashSet<ulong> _seen = [];
    private int _repeated;
    private long _repeatedCharacters;

    /// <summary>The number of units.</summary>
    public int Count => _lengths.Count;

    public void Add(ReadOnlySpan<char> unit)
    {
        _lengths.Add(unit.Length);
        if (_seen.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(unit)))) return;
        _repeated++;
        _repeatedCharacters += unit.Length;
    }

    /// <summary>The units that repeat an earlier one, and their characters.</summary>
    public (int Count, long Characters) Repeated() => (_repeated, _repeatedCharacters);

    /// <summary>The units with fewer characters than a limit.</summary>
    public int ShorterThan(int limit)
    {
        int count = 0;
        foreach (int length in _lengths.Items)
            if (length < limit) count++;
        return count;
    }

    public void Clear()
    {
        _lengths.Clear();
        bool large = _seen.Count > 1 << 16;
        _seen.Clear();
        if (large) _seen.TrimExcess(); // clearing costs what the set can hold
        (_repeated, _repeatedCharacters) = (0, 0);
    }
}
