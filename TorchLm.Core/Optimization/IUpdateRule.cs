using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>How the parameters of a group follow from their gradients. It owns its group and its state.</summary>
internal interface IUpdateRule : IDisposable
{
    /// <summary>What it updates.</summary>
    ParameterGroup Group { get; }

    /// <summary>What a checkpoint must hold, by name; copying into the tensors restores it.</summary>
    IEnumerable<(string Name, Tensor Value)> State { get; }

    /// <summary>Updates the parameters, or changes nothing where <see cref="UpdateStep.LeftOut"/> is 1.</summary>
    /// <param name="gradients">The gradients of the group's parameters, which may be written to.</param>
    /// <param name="step">What all rules need to know of this step.</param>
    void Update(IReadOnlyList<Tensor> gradients, UpdateStep step);
}

/// <summary>What all update rules need to know of one step.</summary>
/// <param name="LearningRate">The main learning rate.</param>
/// <param name="Share">The main rate's share of its peak, which the other rates follow.</param>
/// <param name="Count">Steps so far, this one and those that left the update out included.</param>
/// <param name="Skipped">How many before this one left it out: a float32 scalar on the device.</param>
/// <param name="LeftOut">1 where this one does, else 0: a float32 scalar on the device.</param>
/// <param name="Divisor">What gradients are to be divided by, a float32 scalar on the device; null is 1.</param>
internal sealed record UpdateStep(double LearningRate, double Share, long Count, Tensor Skipped, Tensor LeftOut, Tensor? Divisor);
