using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms"): every weight moves by one rate against the sign of a mean of gradient
/// and momentum, with decoupled decay.
/// </summary>
internal sealed class Lion : IUpdateRule
{
    private readonly OptimizerConfig _config;
    private readonly IReadOnlyList<Tensor> _momentum, _updates;

    public Lion(ParameterGroup group, OptimizerConfig config)
    {
        (Group, _config) = (group, config);
        (_momentum, _updates) = (group.Zeros(), group.Zeros());
    }

    /// <inheritdoc/>
    public ParameterGroup Group { get; }

    /// <summary><c>NAME.momentum_buffer</c>: the gradients' running mean.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => Group.State(("momentum_buffer", _momentum));

    /// <inheritdoc/>
    public void Update(IReadOnlyList<Tensor> gradients, UpdateStep step)
    {
        for (int i = 0; i < _updates.Count; i++) _updates[i].copy_(_momentum[i]);
        RunningMean.Update(_updates, gradients, 1 - _config.Beta1, step.LeftOut, step.Divisor); // divides the gradients, too
        RunningMean.Update(_momentum, gradients, 1 - _config.Beta2, step.LeftOut);
        foreach (Tensor update in _updates) update.sign_();
        Aten.FusedSgd(Group.Parameters, _updates, [], Group.WeightDecay, momentum: 0, step.LearningRate * Group.RateFactor, nesterov: false,
            gradientScale: null, step.LeftOut);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _momentum.Concat(_updates)) tensor.Dispose();
        Group.Dispose();
    }
}
