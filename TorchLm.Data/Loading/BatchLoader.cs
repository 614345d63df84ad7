using TorchLm.Core;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchSharp;

namespace TorchLm.Data.Loading;

/// <summary>
/// The batches of a training run, in <see cref="WindowOrder"/>'s order, or a mixture's in <see cref="MixtureOrder"/>'s. While a batch is used the next one is prepared in the
/// background. One thread at a time may ask.
/// </summary>
public sealed class BatchLoader : IBatchSource
{
    private readonly WindowReader _reader;
    private readonly ISampleOrder _order;
    private Task<Batch>? _prepared;
    private long _preparedIndex;
    private bool _disposed;

    /// <summary>Opens a split for training.</summary>
    /// <param name="split">What to read.</param>
    /// <param name="batchSize">Sequences in a batch (B).</param>
    /// <param name="contextLength">Tokens in a sequence (T).</param>
    /// <param name="vocabularySize">The model's vocabulary; every token read must be below it.</param>
    /// <param name="seed">The seed of the order.</param>
    /// <param name="device">Where batches are put.</param>
    /// <exception cref="InputException">
    /// The split is shorter than a window, cannot be read, or holds tokens outside the vocabulary.
    /// </exception>
    public BatchLoader(DatasetSplit split, int batchSize, int contextLength, int vocabularySize, long seed, torch.Device device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        split.RequireWindow(contextLength);
        BatchSize = batchSize;
        ContextLength = contextLength;
        _order = split.Mixture is null
            ? new WindowOrder([.. split.Shards.Select(shard => shard.Tokens)], contextLength, seed) : new MixtureOrder(split, contextLength, seed);
        _reader = new WindowReader(split, vocabularySize, device);
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    /// <exception cref="InputException">A token is outside the model's vocabulary.</exception>
    public Batch GetBatch(long index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        if (_prepared is null || _preparedIndex != index)
        {
            DiscardPrepared();
            Prepare(index);
        }
        Task<Batch> prepared = _prepared!;
        _prepared = null;
        Batch batch = prepared.GetAwaiter().GetResult();
        Prepare(index + 1);
        return batch;
    }

    /// <summary>Waits for the batch in preparation and closes the shards. Batches handed out stay valid.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        DiscardPrepared();
        _reader.Dispose();
    }

    private void Prepare(long index)
    {
        _preparedIndex = index;
        _prepared = Task.Run(() => Read(index));
    }

    private Batch Read(long index)
    {
        Window[] windows = new Window[BatchSize];
        for (int row = 0; row < BatchSize; row++) windows[row] = _order.GetWindow((index * BatchSize) + row);
        return _reader.Read(windows, ContextLength);
    }

    // A failure to prepare is not reported here: nobody has asked for that batch, and whoever does meets the failure again.
    private void DiscardPrepared()
    {
        if (_prepared is not { } prepared) return;
        _prepared = null;
        ((Task)prepared).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        if (prepared.IsCompletedSuccessfully) prepared.Result.Dispose();
    }
}
