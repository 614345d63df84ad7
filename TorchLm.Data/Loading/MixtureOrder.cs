using TorchLm.Data.Datasets;

namespace TorchLm.Data.Loading;

/// <summary>
/// The order in which training reads a mixture of sources: each source's share of the samples is what <c>dataset.json</c> says, and each source is read
/// without replacement, epoch after epoch of its own, in its own <see cref="WindowOrder"/>. Like that, it is a pure function of the seed and the sample.
/// </summary>
/// <remarks>
/// Samples come in rounds of <see cref="RoundLength"/>. After r rounds the first i sources together have had ⌊r · length · (sum of their shares)⌋ samples, so
/// that no share drifts however long the run is; within a round the places of the sources are a <see cref="Permutation"/> keyed by the seed and the round.
/// </remarks>
public sealed class MixtureOrder : ISampleOrder
{
    /// <summary>Samples in a round.</summary>
    public const int RoundLength = 4096;

    private readonly WindowOrder[] _orders;
    private readonly int[] _firstShard;
    private readonly double[] _borders; // sums of the shares of the sources before; one more at the end: 1
    private readonly ulong _seed;

    /// <summary>Creates the order.</summary>
    /// <param name="split">The train split of a mixture.</param>
    /// <param name="contextLength">Tokens in a window (T).</param>
    /// <param name="seed">Another seed, another order.</param>
    /// <exception cref="ArgumentException">The split is of no mixture.</exception>
    /// <exception cref="Core.InputException">A source is shorter than a window.</exception>
    public MixtureOrder(DatasetSplit split, int contextLength, long seed)
    {
        if (split.Mixture is not { Count: > 0 } sources) throw new ArgumentException("The split is of no mixture.", nameof(split));
        _seed = (ulong)seed;
        _orders = new WindowOrder[sources.Count];
        _firstShard = new int[sources.Count];
        _borders = new double[sources.Count + 1];
        for (int i = 0; i < sources.Count; i++)
        {
            SplitSource source = sources[i];
            long[] tokens = [.. split.Shards.Skip(source.FirstShard).Take(source.ShardCount).Select(shard => shard.Tokens)];
            if (tokens.Max() <= contextLength)
            {
                throw new Core.InputException($"The source '{source.Name}' of '{split.Folder}' has at most {tokens.Max()} tokens in a shard, but one window needs " +
                    $"{contextLength + 1L}: give it more text or choose a smaller context length.");
            }
            _orders[i] = new WindowOrder(tokens, contextLength, (long)SeededHash.Of(_seed, (ulong)i, ulong.MaxValue - 1));
            _firstShard[i] = source.FirstShard;
            _borders[i + 1] = _borders[i] + source.Share;
        }
        _borders[^1] = 1;
    }

    /// <inheritdoc/>
    public Window GetWindow(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        (long round, long position) = Math.DivRem(sample, RoundLength);
        long place = new Permutation(RoundLength, SeededHash.Of(_seed, (ulong)round, ulong.MaxValue - 2))[position];
        int source = 0;
        while (place >= InRound(source + 1, round)) source++;
        long before = Before(source + 1, round) - Before(source, round);
        Window window = _orders[source].GetWindow(before + place - InRound(source, round));
        return window with { Shard = window.Shard + _firstShard[source] };
    }

    // How many samples the first `sources` sources have in all rounds before, and in this one.
    private long Before(int sources, long round) => (long)Math.Floor(round * (double)RoundLength * _borders[sources]);

    private long InRound(int sources, long round) => Before(sources, round + 1) - Before(sources, round);
}
