using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// A copy of a checkpoint's tensors in main memory, so that training can go on while it is written. Its memory is taken once and used for each copy.
/// </summary>
internal sealed class CheckpointSnapshot : IDisposable
{
    private List<Tensor>? _copies;

    /// <summary>Copies the present values.</summary>
    /// <param name="live">Tensors of a model that is being trained, always the same ones.</param>
    /// <returns>The copies, contiguous and on the CPU: writing them computes nothing. They hold until the next call.</returns>
    public CheckpointContent Take(CheckpointContent live)
    {
        using var noGradient = no_grad();
        _copies ??= Allocate(live);
        int at = 0;
        return new CheckpointContent(Copies(live.Weights), Copies(live.Moments));

        List<TensorToWrite> Copies(IReadOnlyCollection<TensorToWrite> tensors)
        {
            var result = new List<TensorToWrite>(tensors.Count);
            foreach (TensorToWrite tensor in tensors)
            {
                using var scope = NewDisposeScope();
                Tensor copy = _copies[at++];
                copy.copy_(tensor.Read());
                result.Add(tensor with { Read = () => copy });
            }
            return result;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor copy in _copies ?? []) copy.Dispose();
        _copies = null;
    }

    private static List<Tensor> Allocate(CheckpointContent live)
    {
        var copies = new List<Tensor>();
        try
        {
            foreach (TensorToWrite tensor in live.All) copies.Add(empty(tensor.Shape, tensor.Type).DetachFromDisposeScope());
            return copies;
        }
        catch
        {
            foreach (Tensor copy in copies) copy.Dispose();
            throw;
        }
    }
}
