using TorchLm.Core;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchSharp;

namespace TorchLm.Data.Loading;

/// <summary>
/// The windows on which a model is measured: always the same ones. Batches may have fewer rows or fewer tokens a row than asked
/// for, so a mean over them must weight each by its number of targets.
/// </summary>
public sealed class EvaluationWindows : IDisposable
{
    private readonly DatasetSplit _split;
    private readonly long[] _shardTokens;
    private readonly WindowReader _reader;

    /// <summary>Opens a split for evaluation.</summary>
    /// <param name="split">What to read.</param>
    /// <param name="contextLength">Tokens in a window (T).</param>
    /// <param name="vocabularySize">The model's vocabulary; every token read must be below it.</param>
    /// <param name="device">Where batches are put.</param>
    /// <exception cref="InputException">
    /// The split has nothing to predict, cannot be read, or holds tokens outside the vocabulary.
    /// </exception>
    public EvaluationWindows(DatasetSplit split, int contextLength, int vocabularySize, torch.Device device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(contextLength);
        split.RequireWindow(contextLength: 1);
        _split = split;
        ContextLength = contextLength;
        _shardTokens = [.. split.Shards.Select(shard => shard.Tokens)];
        _reader = new WindowReader(split, vocabularySize, device);
    }

    /// <summary>Tokens in a whole window (T).</summary>
    public int ContextLength { get; }

    /// <summary>How many tokens <see cref="ReadAll"/> asks for: all but the first of each shard.</summary>
    public long TargetCount => _shardTokens.Sum(tokens => tokens - 1);

    /// <summary>
    /// The whole split in windows side by side, the shorter rest of each shard included: every token but the first of each shard
    /// is a target exactly once. The rests come last, one a batch.
    /// </summary>
    /// <param name="batchSize">Windows in a batch at most (B).</param>
    /// <returns>Batches that the caller disposes.</returns>
    public IEnumerable<Batch> ReadAll(int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        return WholeWindows().Chunk(batchSize).Select(windows => _reader.Read(windows, ContextLength)).Concat(Remainders());
    }

    /// <summary>
    /// The whole split in windows that begin <paramref name="stride"/> tokens apart, each asked for its last tokens only, which no window before had: every
    /// token but the first of each shard is a target exactly once, with at least T − stride tokens before it where the shard has them. It takes T / stride times
    /// as long as windows side by side, whose first tokens are predicted from next to nothing.
    /// </summary>
    /// <param name="batchSize">Windows in a batch at most (B).</param>
    /// <param name="stride">From 1 to T.</param>
    /// <returns>Batches that the caller disposes; their targets (B, stride or fewer) are those of the last inputs.</returns>
    public IEnumerable<Batch> ReadOverlapping(int batchSize, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stride);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stride, ContextLength);
        for (int shard = 0; shard < _shardTokens.Length; shard++)
        {
            long targets = _shardTokens[shard] - 1;
            int first = (int)Math.Min(targets, ContextLength);
            if (first > 0) yield return _reader.Read([new Window(shard, 0)], first);
            int rest = (int)((targets - first) % stride);
            foreach (Window[] windows in Following(shard, (targets - first) / stride, stride).Chunk(batchSize))
            {
                yield return _reader.Read(windows, ContextLength, stride);
            }
            if (rest > 0) yield return _reader.Read([new Window(shard, targets - ContextLength)], ContextLength, rest);
        }
    }

    /// <summary>
    /// nanoGPT's estimate: windows at random places (they may overlap), <paramref name="count"/> batches of them. The same seed
    /// gives the same windows at every call.
    /// </summary>
    /// <param name="count">Number of batches.</param>
    /// <param name="batchSize">Windows in a batch (B).</param>
    /// <param name="seed">Another seed, other windows.</param>
    /// <returns>Batches that the caller disposes.</returns>
    /// <exception cref="InputException">The split is shorter than a window.</exception>
    public IEnumerable<Batch> RandomBatches(int count, int batchSize, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        _split.RequireWindow(ContextLength);
        return Enumerable.Range(0, count).Select(batch =>
        {
            Window[] windows = new Window[batchSize];
            for (int row = 0; row < batchSize; row++)
            {
                windows[row] = RandomWindow(SeededHash.Of((ulong)seed, (ulong)batch, (ulong)row));
            }
            return _reader.Read(windows, ContextLength);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private IEnumerable<Window> WholeWindows()
    {
        for (int shard = 0; shard < _shardTokens.Length; shard++)
        {
            for (long start = 0; start + ContextLength < _shardTokens[shard]; start += ContextLength)
            {
                yield return new Window(shard, start);
            }
        }
    }

    private static IEnumerable<Window> Following(int shard, long count, int stride)
    {
        for (long window = 1; window <= count; window++) yield return new Window(shard, window * stride);
    }

    private IEnumerable<Batch> Remainders()
    {
        for (int shard = 0; shard < _shardTokens.Length; shard++)
        {
            long targets = _shardTokens[shard] - 1;
            int rest = (int)(targets % ContextLength);
            if (rest > 0) yield return _reader.Read([new Window(shard, targets - rest)], rest);
        }
    }

    // Every place where a window and the token after it fit is equally likely.
    private Window RandomWindow(ulong hash)
    {
        long place = SeededHash.Below(hash, _shardTokens.Sum(Places));
        int shard = 0;
        while (place >= Places(_shardTokens[shard])) place -= Places(_shardTokens[shard++]);
        return new Window(shard, place);
    }

    private long Places(long tokens) => Math.Max(tokens - ContextLength, 0);
}
