using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// The factor by which the loss, and so every gradient, is multiplied in fp16, so that small gradients do not become zero (Micikevicius et al. 2018):
/// halved after each step whose gradients are not finite, which leaves the weights alone, and doubled after every 2,000 good ones, as PyTorch's
/// GradScaler does. All of it stays on the device.
/// </summary>
public sealed class LossScaler : IDisposable
{
    /// <summary>What the names in <see cref="State"/> begin with.</summary>
    internal const string StatePrefix = "loss_scale.";

    private const double Initial = 65536, Growth = 2, Backoff = 0.5;
    private const long GrowthInterval = 2000;

    private readonly Tensor _goodSteps;

    /// <summary>Makes one with the initial factor.</summary>
    public LossScaler(Device device)
    {
        Scale = zeros([], ScalarType.Float32, device).DetachFromDisposeScope();
        Scale.Fill(Initial);
        _goodSteps = zeros([], ScalarType.Int32, device).DetachFromDisposeScope();
    }

    /// <summary>The factor: a float32 scalar on the device.</summary>
    public Tensor Scale { get; }

    /// <summary>What a checkpoint must hold; copying into the tensors restores it.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => [(StatePrefix + "scale", Scale), (StatePrefix + "good_steps", _goodSteps)];

    /// <summary>Counts a step and sets the factor for the next one.</summary>
    /// <param name="foundInfinite">1 where its gradients were not finite, else 0: a float32 scalar on the device.</param>
    public void Update(Tensor foundInfinite)
    {
        using var scope = NewDisposeScope();
        Aten.UpdateLossScale(Scale, _goodSteps, foundInfinite, Growth, Backoff, GrowthInterval);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Scale.Dispose();
        _goodSteps.Dispose();
    }
}
