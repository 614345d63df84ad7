namespace TorchLm.Data.Loading;

/// <summary>Where a window of tokens lies: the inputs begin at <paramref name="Start"/>, the targets one token later.</summary>
/// <param name="Shard">The shard's number within its split, from 0.</param>
/// <param name="Start">Position of the first input within the shard.</param>
public readonly record struct Window(int Shard, long Start);

/// <summary>
/// The order in which training reads a split: which window of tokens the n-th sample of a run is. It is a pure function of the
/// seed and n.
/// </summary>
/// <remarks>
/// <para>Nothing is shuffled in memory and nothing is remembered, so that a run continues at any step exactly as if it had never
/// stopped, without replaying or saving the loader's state, and so that ranks need not talk to each other: of the global batch
/// number b, rank r of N reads the samples b·N·B + r·B ... + B−1. The parts are disjoint, and together they are what one rank
/// with batches of N·B reads.</para>
/// <para>An epoch reads each of its windows once, in the order of a <see cref="Permutation"/> keyed by seed and epoch. Windows
/// are T tokens long and T apart, and each is followed by one more token, its last target, in the same shard. Where a shard's
/// first window begins is drawn anew for every epoch, so that tokens meet different contexts and none stays at a border for ever.
/// To leave room for that, a shard into which k windows fit gives k−1 of them an epoch (one if k is 1): so the number of windows
/// is the same in all epochs, and the epoch of a sample is a division.</para>
/// </remarks>
public sealed class WindowOrder : ISampleOrder
{
    private readonly long[] _firstWindow; // of each shard, within the epoch; one more at the end: all windows
    private readonly long[] _starts;      // how many places the first window of each shard may begin at
    private readonly ulong _seed;

    /// <summary>Creates the order of a split's windows.</summary>
    /// <param name="shardTokens">Number of tokens in each shard; shards too short for a window are never read.</param>
    /// <param name="contextLength">Tokens in a window (T).</param>
    /// <param name="seed">Another seed, another order.</param>
    /// <exception cref="ArgumentException">No shard holds a window and the token after it (T + 1 tokens).</exception>
    public WindowOrder(IReadOnlyList<long> shardTokens, int contextLength, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(contextLength);
        ContextLength = contextLength;
        _seed = (ulong)seed;
        _firstWindow = new long[shardTokens.Count + 1];
        _starts = new long[shardTokens.Count];
        for (int shard = 0; shard < shardTokens.Count; shard++)
        {
            long targets = Math.Max(shardTokens[shard] - 1, 0); // the first token of a shard is nobody's target
            long fitting = targets / contextLength;
            long windows = fitting > 1 ? fitting - 1 : fitting;
            _starts[shard] = targets - windows * contextLength + 1;
            _firstWindow[shard + 1] = _firstWindow[shard] + windows;
        }
        if (WindowsPerEpoch == 0)
        {
            throw new ArgumentException($"No shard holds {contextLength + 1L} tokens, but a window needs them.",
                nameof(shardTokens));
        }
    }

    /// <summary>Tokens in a window (T).</summary>
    public int ContextLength { get; }

    /// <summary>How many windows an epoch reads.</summary>
    public long WindowsPerEpoch => _firstWindow[^1];

    /// <inheritdoc/>
    public Window GetWindow(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        (long epoch, long position) = Math.DivRem(sample, WindowsPerEpoch);
        long window = new Permutation(WindowsPerEpoch, SeededHash.Of(_seed, (ulong)epoch, ulong.MaxValue))[position];

        int shard = FindShard(window);
        long offset = SeededHash.Below(SeededHash.Of(_seed, (ulong)epoch, (ulong)shard), _starts[shard]);
        return new Window(shard, offset + (window - _firstWindow[shard]) * ContextLength);
    }

    // The last shard that begins at or before the window; shards without windows begin where the next one does.
    private int FindShard(long window)
    {
        int low = 0, high = _starts.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_firstWindow[middle] <= window) low = middle;
            else high = middle - 1;
        }
        return low;
    }
}
