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

    private readonly Cell[] _cells;
    private readonly long[] _wordCounts;
    private readonly long _minimumFrequency;
    private readonly List<int> _tokenLengths = [.. Enumerable.Repeat(1, 256)];
    private readonly Dictionary<ulong, Occurrences> _pairs = [];
    private readonly Neighbours _before = new(), _after = new();

    // A pair is queued once, with a count that was right at the time: counts only fall afterwards, so the first entry of the
    // queue is either right, or is queued again with its lower count.
    private readonly PriorityQueue<ulong, Rank> _queue = new();

    /// <param name="words">The distinct words, valid UTF-16.</param>
    /// <param name="minimumFrequency">Pairs that occur less often are never merged; at least 1.</param>
    /// <exception cref="TokenizerException">The distinct words have more bytes than an array can hold.</exception>
    public PairMerger(WordCounts words, long minimumFrequency)
    {
        _minimumFrequency = minimumFrequency;
        long cellCount = 1;
        words.ForEach((word, _) => cellCount += Encoding.UTF8.GetByteCount(word) + 1L);
        if (cellCount > Array.MaxLength)
            throw new TokenizerException($"The distinct words of the corpus have {cellCount} bytes, more than the " +
                                         $"{Array.MaxLength} that training can hold; train on a sample of the corpus.");
        _cells = new Cell[cellCount];
        _wordCounts = new long[words.Distinct];
        WriteWords(words);
        CountBytePairs();
    }

    /// <summary>
    /// Merges the pair that occurs most often, or returns null if none occurs often enough. The new token's id is the number of
    /// tokens so far.
    /// </summary>
    public BpeMerge? MergeMostFrequent()
    {
        while (_queue.TryDequeue(out ulong pair, out Rank queued))
        {
            Occurrences occurrences = _pairs[pair];
            if (occurrences.Count < _minimumFrequency)
            {
                _pairs.Remove(pair);
            }
            else if (occurrences.Count < queued.Count)
            {
                _queue.Enqueue(pair, new Rank(occurrences.Count, pair));
            }
            else
            {
                _pairs.Remove(pair);
                return Merge((int)(pair >> 32), (int)pair, occurrences.Cells);
            }
        }
        return null;
    }

    private static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private void WriteWords(WordCounts words)
    {
        int[] idOfByte = new int[256];
        for (int id = 0; id < 256; id++) idOfByte[ByteAlphabet.Order[id]] = id;
        byte[] bytes = new byte[256];
        int cell = 0, number = 0;
        _cells[cell++].Token = Boundary;
        words.ForEach((word, count) =>
        {
            if (bytes.Length < 3L * word.Length) bytes = new byte[Encoding.UTF8.GetByteCount(word)];
            int length = Encoding.UTF8.GetBytes(word, bytes);
            foreach (byte value in bytes.AsSpan(0, length)) _cells[cell++] = new Cell { Token = idOfByte[value], Word = number };
            _cells[cell++].Token = Boundary;
            _wordCounts[number++] = count;
        });
    }

    // Twice through all words: how large each list will be, then the lists.
    private void CountBytePairs()
    {
        long[] counts = new long[1 << 16];
        int[] lengths = new int[1 << 16];
        ForEachBytePair((pair, cell) =>
        {
            counts[pair] += _wordCounts[_cells[cell].Word];
            lengths[pair]++;
        });
        int[]?[] places = new int[]?[1 << 16];
        for (int pair = 0; pair < places.Length; pair++)
        {
            if (lengths[pair] == 0 || counts[pair] < _minimumFrequency) continue;
            places[pair] = new int[lengths[pair]];
            AddPair(Pair(pair >> 8, pair & 0xFF), counts[pair], places[pair]!);
        }
        Array.Clear(lengths);
        ForEachBytePair((pair, cell) =>
        {
            if (places[pair] is { } cells) cells[lengths[pair]++] = cell;
        });
    }

    private void ForEachBytePair(Action<int, int> action)
    {
        for (int cell = 1; cell + 1 < _cells.Length; cell++)
        {
            int left = _cells[cell].Token, right = _cells[cell + 1].Token;
            if (left != Boundary && right != Boundary) action((left << 8) | right, cell);
        }
    }

    private BpeMerge Merge(int left, int right, int[] cells)
    {
        int merged = _tokenLengths.Count;
        int leftLength = _tokenLengths[left], rightLength = _tokenLengths[right];
        _tokenLengths.Add(leftLength + rightLength);

        // Cells ascend within a word, so that of overlapping places (a a a) the leftmost is merged.
        foreach (int cell in cells)
        {
            int rightCell = cell + leftLength;
            if (_cells[cell].Token != left || _cells[rightCell].Token != right) continue; // gone since it was noted

            int before = _cells[cell - 1].Token, after = _cells[rightCell + rightLength].Token;
            long count = _wordCounts[_cells[cell].Word];
            if (before != Boundary) _before.Add(before, cell - _tokenLengths[before], count);
            if (after != Boundary) _after.Add(after, cell, count);
            _cells[rightCell - 1].Token = Inside;
            _cells[rightCell].Token = Inside;
            _cells[cell].Token = merged;
            _cells[rightCell + rightLength - 1].Token = merged;
        }

        // First the new pairs, as one of them may lose places again: of a b a b the first merge makes the pair (ab, a), which the
        // second undoes.
        _before.ForEach(_minimumFrequency, (before, count, places) => AddPair(Pair(before, merged), count, places));
        _after.ForEach(_minimumFrequency, (after, count, places) => AddPair(Pair(merged, after), count, places));
        _before.ForEach((before, count) => Discount(Pair(before, left), count));
        _after.ForEach((after, count) => Discount(Pair(right, after), count));
        _before.Clear();
        _after.Clear();
        return new BpeMerge(left, right, merged);
    }

    // A pair has all the places that it will ever have: later merges make pairs with later tokens.
    private void AddPair(ulong pair, long count, int[] cells)
    {
        _pairs.Add(pair, new Occurrences { Count = count, Cells = cells });
        _queue.Enqueue(pair, new Rank(count, pair));
    }

    // A pair that was dropped for being too rare, or is being merged, is not counted any more.
    private void Discount(ulong pair, long count)
    {
        ref Occurrences occurrences = ref CollectionsMarshal.GetValueRefOrNullRef(_pairs, pair);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref occurrences)) occurrences.Count -= count;
    }

    private struct Cell
    {
        public int Token, Word;
    }

    /// <summary>How often a pair occurs in the corpus, and the first cells of the places where it stood at first.</summary>
    private struct Occurrences
    {
        public long Count;
        public int[] Cells;
    }

    /// <summary>The most frequent pair first; of equals the one with the smallest left id, then right id.</summary>
    private readonly record struct Rank(long Count, ulong Pair) : IComparable<Rank>
    {
        public int CompareTo(Rank other) => Count != other.Count ? other.Count.CompareTo(Count) : Pair.CompareTo(other.Pair);
    }
}
