using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchSharp;

namespace TorchLm.Data.Loading;

/// <summary>The part of a split that a run is evaluated on: all of it, or the same few random batches each time.</summary>
public sealed class EvaluationSource : IEvaluationSource, IDisposable
{
    private readonly EvaluationWindows _windows;
    private readonly int _batches, _batchSize, _stride;
    private readonly long _seed;

    /// <summary>Opens a split for evaluation.</summary>
    /// <param name="split">What to read.</param>
    /// <param name="batches">Random batches, as nanoGPT estimates; 0 reads the whole split.</param>
    /// <param name="batchSize">Windows in a batch (B).</param>
    /// <param name="contextLength">Tokens in a window (T).</param>
    /// <param name="vocabularySize">The model's vocabulary; every token read must be below it.</param>
    /// <param name="seed">Decides the random windows.</param>
    /// <param name="device">Where batches are put.</param>
    /// <param name="stride">Reads the whole split in windows this many tokens apart (<see cref="EvaluationWindows.ReadOverlapping"/>); 0 and T: side by side.</param>
    public EvaluationSource(DatasetSplit split, int batches, int batchSize, int contextLength, int vocabularySize, long seed, torch.Device device,
        int stride = 0)
    {
        (_batches, _batchSize, _seed, _stride) = (batches, batchSize, seed, stride == contextLength ? 0 : stride);
        _windows = new EvaluationWindows(split, contextLength, vocabularySize, device);
        if (batches > 0) split.RequireWindow(contextLength);
        BytesPerToken = split.BytesPerToken;
    }

    /// <inheritdoc/>
    public double? BytesPerToken { get; }

    /// <inheritdoc/>
    public IEnumerable<Batch> ReadAll() => _batches > 0 ? _windows.RandomBatches(_batches, _batchSize, _seed)
        : _stride > 0 ? _windows.ReadOverlapping(_batchSize, _stride) : _windows.ReadAll(_batchSize);

    /// <inheritdoc/>
    public void Dispose() => _windows.Dispose();
}
