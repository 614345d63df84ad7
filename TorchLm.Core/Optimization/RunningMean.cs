using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>Exponential moving averages of many tensors in one operator, which leaves them alone where an update is left out.</summary>
internal static class RunningMean
{
    /// <summary>mean += weight · (value - mean), in place, as a step of gradient descent with negative rate and decay.</summary>
    /// <param name="means">What is updated.</param>
    /// <param name="values">What joins them; divided by <paramref name="divisor"/> in place.</param>
    /// <param name="weight">The share of the new values.</param>
    /// <param name="leftOut">Where this float32 scalar is 1 nothing is changed.</param>
    /// <param name="divisor">A float32 scalar, or null.</param>
    public static void Update(IReadOnlyList<Tensor> means, IReadOnlyList<Tensor> values, double weight, Tensor leftOut, Tensor? divisor = null) =>
        Aten.FusedSgd(means, values, [], weightDecay: -1, momentum: 0, learningRate: -weight, nesterov: false, divisor, leftOut);
}
