using System.Runtime.InteropServices;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// The distinct words of a corpus as sequences of tokens, with the count of every pair of neighbours kept up to date while
/// pairs are merged. A merge costs time in proportion to the places where its pair stands, not to the corpus.
/// </summary>
internal sealed class PairMerger
{
    // One cell for each byte of each distinct word. A token writes its id into its first and its last cell, so that the
    // neighbours on both sides can be found from its length alone; cells between are Inside, cells between words are Boundary.
    private const int Boundary = -1;
    private const int Inside = -2;

    private readonly int[] _cells;
    private readonly int[] _wordOfCell;
    private readonly List<long> _wordCounts = [];
    private readonly List<int> _tokenLengths = [.. Enumerable.Repeat(1, 256)];
    private readonly Dictionary<Pair, Occurrences> _pairs = [];

    // A pair is queued once, with a count that was right at the time: counts only fall afterwards, so the first entry of the
    // queue is either right, or is queued again with its lower count.
    private readonly PriorityQueue<Pair, (long Count, Pair Pair)> _queue = new(MostFrequentFirst.Instance);

    /// <param name="words">Every distinct word (valid UTF-16) and how often it occurs.</param>
    /// <exception cref="TokenizerException">The distinct words have more bytes than an array can hold.</exception>
    public PairMerger(Dictionary<string, long> words)
    {
        long cellCount = 1 + words.Keys.Sum(word => Encoding.UTF8.GetByteCount(word) + 1L);
        if (cellCount > Array.MaxLength)
            throw new TokenizerException($"The distinct words of the corpus have {cellCount} bytes, more than the " +
                                         $"{Array.MaxLength} that training can hold; train on a sample of the corpus.");
        _cells = new int[cellCount];
        _wordOfCell = new int[cellCount];
        WriteWords(words);
        for (int cell = 0; cell + 1 < _cells.Length; cell++)
            if (_cells[cell] != Boundary && _cells[cell + 1] != Boundary)
                Count(new Pair(_cells[cell], _cells[cell + 1]), cell);
        foreach (var (pair, occurrences) in _pairs) _queue.Enqueue(pair, (occurrences.Count, pair));
    }

    /// <summary>
    /// Merges the pair that occurs most often, or returns null if none occurs at least <paramref name="minimumFrequency"/> times.
    /// The new token's id is the number of tokens so far.
    /// </summary>
    public BpeMerge? MergeMostFrequent(long minimumFrequency)
    {
        while (_queue.TryDequeue(out Pair pair, out var queued))
        {
            var occurrences = _pairs[pair];
            if (occurrences.Count < minimumFrequency)
            {
                _pairs.Remove(pair);
            }
            else if (occurrences.Count < queued.Count)
            {
                _queue.Enqueue(pair, (occurrences.Count, pair));
            }
            else
            {
                _pairs.Remove(pair);
                return Merge(pair, occurrences.Cells);
            }
        }
        return null;
    }

    private void WriteWords(Dictionary<string, long> words)
    {
        Span<int> idOfByte = stackalloc int[256];
        for (int id = 0; id < 256; id++) idOfByte[ByteAlphabet.Order[id]] = id;
        int cell = 0;
        _cells[cell++] = Boundary;
        foreach (var (word, count) in words)
        {
            foreach (byte value in Encoding.UTF8.GetBytes(word))
            {
                _wordOfCell[cell] = _wordCounts.Count;
                _cells[cell++] = idOfByte[value];
            }
            _cells[cell++] = Boundary;
            _wordCounts.Add(count);
        }
    }

    private BpeMerge Merge(Pair pair, List<int> cells)
    {
        int merged = _tokenLengths.Count;
        int leftLength = _tokenLengths[pair.Left], rightLength = _tokenLengths[pair.Right];
        _tokenLengths.Add(leftLength + rightLength);
        var created = new HashSet<Pair>();

        // Cells ascend within a word, so that of overlapping places (a a a) the leftmost is merged.
        foreach (int cell in cells)
        {
            int rightCell = cell + leftLength;
            if (_cells[cell] != pair.Left || _cells[rightCell] != pair.Right) continue; // gone since it was noted

            int before = _cells[cell - 1], after = _cells[rightCell + rightLength];
            long count = _wordCounts[_wordOfCell[cell]];
            if (before != Boundary)
            {
                Discount(new Pair(before, pair.Left), count);
                created.Add(Count(new Pair(before, merged), cell - _tokenLengths[before]));
            }
            if (after != Boundary)
            {
                Discount(new Pair(pair.Right, after), count);
                created.Add(Count(new Pair(merged, after), cell));
            }
            _cells[rightCell - 1] = Inside;
            _cells[rightCell] = Inside;
            _cells[cell] = merged;
            _cells[rightCell + rightLength - 1] = merged;
        }
        foreach (Pair newPair in created) _queue.Enqueue(newPair, (_pairs[newPair].Count, newPair));
        return new BpeMerge(pair.Left, pair.Right, merged);
    }

    private Pair Count(Pair pair, int cell)
    {
        ref Occurrences? occurrences = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _);
        occurrences ??= new Occurrences();
        occurrences.Count += _wordCounts[_wordOfCell[cell]];
        occurrences.Cells.Add(cell);
        return pair;
    }

    // A pair that was dropped for being too rare, or is being merged, is not counted any more.
    private void Discount(Pair pair, long count)
    {
        if (_pairs.TryGetValue(pair, out Occurrences? occurrences)) occurrences.Count -= count;
    }

    private readonly record struct Pair(int Left, int Right);

    /// <summary>
    /// How often a pair occurs in the corpus, and the first cells of the places where it stood when they were noted.
    /// </summary>
    private sealed class Occurrences
    {
        public long Count { get; set; }

        public List<int> Cells { get; } = [];
    }

    private sealed class MostFrequentFirst : IComparer<(long Count, Pair Pair)>
    {
        public static readonly MostFrequentFirst Instance = new();

        public int Compare((long Count, Pair Pair) x, (long Count, Pair Pair) y)
        {
            int byCount = y.Count.CompareTo(x.Count);
            if (byCount != 0) return byCount;
            int byLeft = x.Pair.Left.CompareTo(y.Pair.Left);
            return byLeft != 0 ? byLeft : x.Pair.Right.CompareTo(y.Pair.Right);
        }
    }
}
