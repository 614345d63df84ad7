using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>Stochastic gradient descent with momentum (Polyak 1964; Sutskever et al. 2013), and decoupled decay as the other rules have it.</summary>
internal sealed class Sgd : IUpdateRule
{
    private readonly OptimizerConfig _config;
    private readonly IReadOnlyList<Tensor> _momentum, _updates;

    public Sgd(ParameterGroup group, OptimizerConfig config)
    {
        (Group, _config) = (group, config);
        (_momentum, _updates) = (group.Zeros(), group.Zeros());
    }

    /// <inheritdoc/>
    public ParameterGroup Group { get; }

    /// <summary><c>NAME.momentum_buffer</c>, as PyTorch's SGD calls it.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => Group.State(("momentum_buffer", _momentum));

    /// <inheritdoc/>
    public void Update(IReadOnlyList<Tensor> gradients, UpdateStep step)
    {
        foreach (Tensor update in _updates) update.zero_();
        // The operator's own decay would go through the momentum, so that the momentum is taken first, as 0 - (-1)·v, and then the step.
        Aten.FusedSgd(_updates, gradients, _momentum, weightDecay: 0, _config.Momentum, learningRate: -1, nesterov: false, step.Divisor,
            step.LeftOut);
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
