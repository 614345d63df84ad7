using TorchSharp;

namespace TorchLm.Core.Training;

/// <summary>
/// Where batches come from. A batch is asked for by its number, so that a run can continue anywhere without replaying:
/// the same number always gives the same batch.
/// </summary>
public interface IBatchSource : IDisposable
{
    /// <summary>Sequences in a batch (B).</summary>
    int BatchSize { get; }

    /// <summary>Tokens in a sequence (T).</summary>
    int ContextLength { get; }

    /// <summary>Gives batch <paramref name="index"/>, on the source's device. The caller owns and disposes it.</summary>
    /// <param name="index">The batch's number, from 0: step times gradient-accumulation steps plus the micro-step.</param>
    Batch GetBatch(long index);
}

/// <summary>One micro-batch: what the model reads and what it should have said.</summary>
/// <param name="Inputs">Token ids, int64, shape (B, T).</param>
/// <param name="Targets">The token that follows each input, int64, shape (B, T); in evaluations also that of the last S inputs alone, (B, S).</param>
public sealed record Batch(torch.Tensor Inputs, torch.Tensor Targets) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
    }
}
