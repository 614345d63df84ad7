using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Reads any stretch of a run's sequences from the batches that a source numbers: sequence i is row i % B of batch i / B.</summary>
internal sealed class SequenceReader(IBatchSource batches) : IDisposable
{
    private Batch? _batch; // a part of it is still to be read
    private long _index;

    /// <summary>Reads sequences as one batch, which the caller owns.</summary>
    /// <param name="first">The number of the first one in the run.</param>
    /// <param name="count">How many.</param>
    public Batch Read(long first, int count)
    {
        if (first % batches.BatchSize == 0 && count == batches.BatchSize) return Take(first / batches.BatchSize);
        using var scope = NewDisposeScope();
        List<Tensor> inputs = [], targets = [];
        while (count > 0)
        {
            long index = first / batches.BatchSize, row = first % batches.BatchSize, rows = Math.Min(count, batches.BatchSize - row);
            Batch batch = Take(index);
            inputs.Add(batch.Inputs.narrow(0, row, rows));
            targets.Add(batch.Targets.narrow(0, row, rows));
            if (row + rows < batches.BatchSize) (_batch, _index) = (batch, index);
            else batch.Dispose();
            first += rows;
            count -= (int)rows;
        }
        return new Batch(One(inputs), One(targets));

        static Tensor One(List<Tensor> parts) => (parts.Count == 1 ? parts[0] : cat(parts, 0)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch?.Dispose();
        _batch = null;
    }

    /// <summary>A batch, out of hand where it was kept.</summary>
    private Batch Take(long index)
    {
        if (_batch is { } kept && _index == index)
        {
            _batch = null;
            return kept;
        }
        Dispose();
        Batch batch = batches.GetBatch(index);
        batch.Inputs.DetachFromDisposeScope();
        batch.Targets.DetachFromDisposeScope();
        return batch;
    }
}
