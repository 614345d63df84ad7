using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>AdamW (Loshchilov and Hutter 2019) in one operator for all parameters of a group.</summary>
/// <remarks>
/// TorchSharp's AdamW is a loop of small operations over every tensor; ATen's fused kernel reads and writes each value once. Measured on two CPU
/// cores: the optimiser's share of a step falls to a third at 0.8 M parameters and to an eighth at 124 M.
/// </remarks>
internal sealed class AdamW : IUpdateRule
{
    private readonly OptimizerConfig _config;
    private readonly IReadOnlyList<Tensor> _firstMoments, _secondMoments, _steps;
    private readonly Tensor _step; // the update count as a scalar on the device; the operator wants it once for each parameter

    public AdamW(ParameterGroup group, OptimizerConfig config)
    {
        (Group, _config) = (group, config);
        (_firstMoments, _secondMoments) = (group.Zeros(), group.Zeros());
        _step = zeros([], ScalarType.Float32, group.Parameters[0].device).DetachFromDisposeScope();
        _steps = [.. Enumerable.Repeat(_step, group.Parameters.Count)];
    }

    /// <inheritdoc/>
    public ParameterGroup Group { get; }

    /// <summary><c>NAME.exp_avg</c> and <c>NAME.exp_avg_sq</c>: PyTorch's names for the first and second moment.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => Group.State(("exp_avg", _firstMoments), ("exp_avg_sq", _secondMoments));

    /// <inheritdoc/>
    public void Update(IReadOnlyList<Tensor> gradients, UpdateStep step)
    {
        _step.Fill(step.Count);
        _step.Reduce(step.Skipped); // the moments' correction counts updates
        double rate = step.LearningRate * Group.RateFactor, decay = Group.WeightDecay;
        bool isCautious = _config.Cautious && decay > 0;
        Tensor[] before = isCautious ? [.. Group.Parameters.Select(p => p.clone())] : [];
        Aten.FusedAdamW(Group.Parameters, gradients, _firstMoments, _secondMoments, _steps, rate, _config.Beta1, _config.Beta2,
            isCautious ? 0 : decay, _config.Epsilon, step.Divisor, step.LeftOut);
        if (!isCautious) return;
        Tensor[] decayed = [.. before.Select((weights, i) => CautiousDecay.Of(weights, _firstMoments[i]))]; // the update has the first moment's sign
        Aten.FusedSgd(Group.Parameters, decayed, [], weightDecay: 0, momentum: 0, rate * decay, nesterov: false, gradientScale: null, step.LeftOut);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _firstMoments.Concat(_secondMoments).Append(_step)) tensor.Dispose();
        Group.Dispose();
    }
}
