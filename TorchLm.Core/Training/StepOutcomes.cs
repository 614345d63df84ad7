using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>What became of one step.</summary>
/// <param name="Loss">Mean loss in nats per token.</param>
/// <param name="GradientNorm">The gradient's norm before clipping.</param>
internal readonly record struct StepOutcome(double Loss, double GradientNorm)
{
    /// <summary>Whether the update was made.</summary>
    public bool IsGood => double.IsFinite(Loss) && double.IsFinite(GradientNorm);
}

/// <summary>Losses and gradient norms of steps that the device may still be computing; reading them waits for it.</summary>
internal sealed class StepOutcomes : IDisposable
{
    private readonly List<Tensor> _values = []; // loss and norm in turn

    /// <summary>Steps that have not been read.</summary>
    public int Count => _values.Count / 2;

    /// <summary>Takes over two scalars on the device.</summary>
    public void Add(Tensor loss, Tensor gradientNorm)
    {
        _values.Add(loss.DetachFromDisposeScope());
        _values.Add(gradientNorm.DetachFromDisposeScope());
    }

    /// <summary>Reads all in one transfer, in the order of the steps, and forgets them.</summary>
    public StepOutcome[] Take()
    {
        if (_values.Count == 0) return [];
        double[] values;
        using (NewDisposeScope()) values = stack(_values.Select(v => v.to(ScalarType.Float64))).cpu().data<double>().ToArray();
        Dispose();
        return [.. Enumerable.Range(0, values.Length / 2).Select(i => new StepOutcome(values[2 * i], values[(2 * i) + 1]))];
    }

    /// <summary>Forgets what has not been read.</summary>
    public void Dispose()
    {
        foreach (Tensor value in _values) value.Dispose();
        _values.Clear();
    }
}
