namespace TorchLm.Tokenizers;

/// <summary>
/// The tokens that stand on one side of the places of one merge: for each how often, and where. A merge has many places but few
/// different neighbours, so that counts are added up here before any hash table is asked.
/// </summary>
internal sealed class Neighbours
{
    private readonly List<(int Token, int Cell)> _places = [];
    private readonly List<int> _tokens = [];
    private long[] _counts = new long[1024];
    private int[] _lengths = new int[1024];
    private int[]?[] _cells = new int[]?[1024];

    /// <summary>Notes a neighbour in the word that occurs <paramref name="count"/> times.</summary>
    public void Add(int token, int cell, long count)
    {
        if (token >= _counts.Length) Grow(token);
        if (_lengths[token]++ == 0) _tokens.Add(token);
        _counts[token] += count;
        _places.Add((token, cell));
    }

    /// <summary>Calls <paramref name="action"/> with every neighbour and its count.</summary>
    public void ForEach(Action<int, long> action)
    {
        foreach (int token in _tokens) action(token, _counts[token]);
    }

    /// <summary>
    /// Calls <paramref name="action"/> with every neighbour that occurs often enough, its count and its cells in the order in which
    /// they were added.
    /// </summary>
    public void ForEach(long minimumCount, Action<int, long, int[]> action)
    {
        foreach (int token in _tokens)
        {
            if (_counts[token] >= minimumCount) _cells[token] = new int[_lengths[token]];
            _lengths[token] = 0;
        }
        foreach (var (token, cell) in _places)
            if (_cells[token] is { } cells) cells[_lengths[token]++] = cell;
        foreach (int token in _tokens)
        {
            if (_cells[token] is not { } cells) continue;
            _cells[token] = null;
            action(token, _counts[token], cells);
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        foreach (int token in _tokens)
        {
            _counts[token] = 0;
            _lengths[token] = 0;
        }
        _tokens.Clear();
        _places.Clear();
    }

    private void Grow(int token)
    {
        int size = Math.Max(2 * _counts.Length, token + 1);
        Array.Resize(ref _counts, size);
        Array.Resize(ref _lengths, size);
        Array.Resize(ref _cells, size);
    }
}
