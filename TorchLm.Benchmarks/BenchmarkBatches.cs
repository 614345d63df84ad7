using TorchLm.Core.Training;
using TorchSharp;

namespace TorchLm.Benchmarks;

/// <summary>Random tokens as batches: what they are does not matter for time.</summary>
public sealed class BenchmarkBatches : IBatchSource
{
    private readonly torch.Tensor _tokens;
    private readonly torch.Device _device;

    /// <summary>Makes a supply of random tokens.</summary>
    public BenchmarkBatches(BenchmarkShape shape, torch.Device device)
    {
        (BatchSize, ContextLength, _device) = (shape.BatchSize, shape.Model.ContextLength, device);
        var random = new Random(1);
        long[] tokens = [.. Enumerable.Range(0, 64 * (shape.Tokens + 1)).Select(_ => random.NextInt64(shape.Model.VocabularySize))];
        _tokens = torch.tensor(tokens).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    public Batch GetBatch(long index)
    {
        using var scope = torch.NewDisposeScope();
        long tokens = BatchSize * ContextLength;
        torch.Tensor Part(long shift) => _tokens.narrow(0, index % 64 * tokens + shift, tokens).view(BatchSize, ContextLength).to(_device).DetachFromDisposeScope();
        return new Batch(Part(0), Part(1));
    }

    /// <inheritdoc/>
    public void Dispose() => _tokens.Dispose();
}
