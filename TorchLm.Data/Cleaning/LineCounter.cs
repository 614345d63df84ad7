namespace TorchLm.Data.Cleaning;

/// <summary>
/// Counts in how many documents each line occurs, in bounded memory: lossy counting (Manku and Motwani 2002). When the table is full, what has been seen
/// least, measured by when it was first seen, makes room.
/// </summary>
/// <remarks>
/// With room for n lines no count is too low by more than the number of times that the table was full, and what is never pruned is counted exactly: a line
/// that is in a fixed share of all documents stays.
/// </remarks>
internal sealed class LineCounter(int capacity)
{
    private readonly Dictionary<ulong, (int Count, int Missed)> _lines = [];
    private int _round;

    /// <summary>Counts a line of a document.</summary>
    public void Add(ulong line)
    {
        if (_lines.TryGetValue(line, out (int Count, int Missed) entry))
        {
            _lines[line] = entry with { Count = entry.Count + 1 };
            return;
        }
        while (_lines.Count >= capacity) Prune();
        _lines.Add(line, (1, _round));
    }

    /// <summary>The lines that occurred in at least so many documents.</summary>
    public HashSet<ulong> AtLeast(long documents) => [.. _lines.Where(line => line.Value.Count + line.Value.Missed >= documents).Select(line => line.Key)];

    private void Prune()
    {
        _round++;
        foreach ((ulong line, (int count, int missed)) in _lines)
        {
            if (count + missed <= _round) _lines.Remove(line); // removing while enumerating is allowed
        }
    }
}
