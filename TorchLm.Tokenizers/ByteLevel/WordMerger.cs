namespace TorchLm.Tokenizers;

/// <summary>
/// Merges the tokens of one word until no rule fits: of all pairs of neighbours the one with the lowest priority first, of equal
/// ones the leftmost. Scratch memory of one thread at a time.
/// </summary>
/// <remarks>
/// Up to <see cref="ShortWord"/> tokens the lowest is searched anew each time, which is faster than anything clever. Longer words
/// are linked lists with a heap of pairs, so that n tokens cost O(n log n), whatever a document holds.
/// </remarks>
internal sealed class WordMerger(PairTable pairs)
{
    private const int ShortWord = 48;
    private const int LargestKept = 1 << 16;
    private const int None = -1;

    private readonly int[] _priorities = new int[ShortWord];
    private readonly int[] _results = new int[ShortWord];
    private readonly PriorityQueue<int, ulong> _heap = new();
    private Node[] _nodes = [];

    /// <summary>Merges in place; the first tokens, as many as are returned, are the word's.</summary>
    public int Merge(Span<int> tokens) => tokens.Length <= ShortWord ? MergeShort(tokens) : MergeLong(tokens);

    private int MergeShort(Span<int> tokens)
    {
        int count = tokens.Length;
        Span<int> priorities = _priorities, results = _results;
        for (int i = 0; i + 1 < count; i++) priorities[i] = pairs.Find(tokens[i], tokens[i + 1], out results[i]);
        while (count > 1)
        {
            int lowest = 0;
            for (int i = 1; i < count - 1; i++)
                if (priorities[i] < priorities[lowest]) lowest = i;
            if (priorities[lowest] == PairTable.NoPair) break;

            tokens[lowest] = results[lowest];
            count--;
            for (int i = lowest + 1; i < count; i++)
            {
                tokens[i] = tokens[i + 1];
                priorities[i - 1] = priorities[i];
                results[i - 1] = results[i];
            }
            if (lowest > 0) priorities[lowest - 1] = pairs.Find(tokens[lowest - 1], tokens[lowest], out results[lowest - 1]);
            if (lowest + 1 < count) priorities[lowest] = pairs.Find(tokens[lowest], tokens[lowest + 1], out results[lowest]);
        }
        return count;
    }

    private int MergeLong(Span<int> tokens)
    {
        if (_nodes.Length < tokens.Length) _nodes = new Node[tokens.Length];
        Span<Node> nodes = _nodes.AsSpan(0, tokens.Length);
        for (int i = 0; i < nodes.Length; i++)
            nodes[i] = new Node { Token = tokens[i], Previous = i - 1, Next = i + 1 < nodes.Length ? i + 1 : None };
        for (int i = 0; i < nodes.Length; i++) Queue(nodes, i);

        while (_heap.TryDequeue(out int index, out ulong queued))
        {
            // What was queued may be gone: its pair is another by now, or no pair at all.
            ref Node left = ref nodes[index];
            if (left.Priority != (int)(queued >> 32)) continue;
            ref Node right = ref nodes[left.Next];
            left.Token = left.Result;
            left.Next = right.Next;
            right.Priority = PairTable.NoPair;
            if (left.Next != None) nodes[left.Next].Previous = index;
            Queue(nodes, index);
            if (left.Previous != None) Queue(nodes, left.Previous);
        }

        int count = 0;
        for (int i = 0; i != None; i = nodes[i].Next) tokens[count++] = nodes[i].Token;
        if (_nodes.Length > LargestKept)
        {
            _nodes = [];
            _heap.TrimExcess();
        }
        return count;
    }

    private void Queue(Span<Node> nodes, int index)
    {
        ref Node node = ref nodes[index];
        node.Priority = node.Next == None ? PairTable.NoPair : pairs.Find(node.Token, nodes[node.Next].Token, out node.Result);
        if (node.Priority != PairTable.NoPair) _heap.Enqueue(index, ((ulong)(uint)node.Priority << 32) | (uint)index);
    }

    /// <summary>A token, its neighbours, and the pair that it makes with the next one.</summary>
    private struct Node
    {
        public int Token, Previous, Next, Priority, Result;
    }
}
