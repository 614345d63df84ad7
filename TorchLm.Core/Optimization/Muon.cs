using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): gradient descent with Nesterov's momentum whose update of a
/// matrix is replaced by the nearest orthogonal one, times √max(1, rows / columns), with decoupled decay.
/// </summary>
/// <remarks>
/// A joint matrix is orthogonalised as the parts that it is made of (<see cref="MuonParts"/>). Parts of the same shape lie in one tensor, so that a
/// step is few operators however many layers there are; the momentum is one fused operator that writes into those tensors, and the update another.
/// </remarks>
internal sealed class Muon : IUpdateRule
{
    private const double InitialMomentum = 0.85;

    private readonly OptimizerConfig _config;
    private readonly IReadOnlyList<Tensor> _momentum;
    private readonly IReadOnlyList<MuonParts> _kinds;
    private readonly Orthogonalization _orthogonalization;

    public Muon(ParameterGroup group, OptimizerConfig config)
    {
        (Group, _config) = (group, config);
        _momentum = group.Zeros();
        _kinds = MuonParts.Of(group, _momentum);
        _orthogonalization = new Orthogonalization(config.NewtonSchulzSteps);
    }

    /// <inheritdoc/>
    public ParameterGroup Group { get; }

    /// <summary><c>NAME.momentum_buffer</c>, as PyTorch's Muon calls it.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => Group.State(("momentum_buffer", _momentum));

    /// <inheritdoc/>
    public void Update(IReadOnlyList<Tensor> gradients, UpdateStep step)
    {
        Tensor[][] parts = [.. _kinds.Select(kind => kind.Gradients(gradients))];
        foreach (MuonParts kind in _kinds) kind.Updates.zero_().Dispose();
        // 0 - (-1)·(g + momentum·v): the update itself, or still 0 where it is left out.
        Aten.FusedSgd([.. _kinds.SelectMany(k => k.Slots)], [.. parts.SelectMany(p => p)], [.. _kinds.SelectMany(k => k.Momentum)], weightDecay: 0,
            MomentumAt(step.Count), learningRate: -1, nesterov: true, step.Divisor, step.LeftOut);
        foreach (MuonParts kind in _kinds)
        {
            using var scope = NewDisposeScope();
            Tensor[] updates = [.. _orthogonalization.Of(kind.Updates).unbind(0)];
            double rate = _config.MuonLearningRate * step.Share * kind.RateFactor, decay = Group.WeightDecay / kind.Scale;
            if (_config.Cautious)
            {
                for (int i = 0; i < updates.Length; i++) updates[i].Accumulate(CautiousDecay.Of(kind.Parameters[i], updates[i]).Times(decay));
                decay = 0;
            }
            Aten.FusedSgd(kind.Parameters, updates, [], decay, momentum: 0, rate * kind.Scale, nesterov: false, gradientScale: null, step.LeftOut);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MuonParts kind in _kinds) kind.Dispose();
        foreach (Tensor tensor in _momentum) tensor.Dispose();
        Group.Dispose();
    }

    /// <summary>The momentum of the step of a number, counted from 1.</summary>
    private double MomentumAt(long count)
    {
        double first = Math.Min(InitialMomentum, _config.MuonMomentum);
        double share = _config.MuonMomentumWarmupSteps == 0 ? 1 : Math.Min(1, (count - 1.0) / _config.MuonMomentumWarmupSteps);
        return first + (share * (_config.MuonMomentum - first));
    }
}
