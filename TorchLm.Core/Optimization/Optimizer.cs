using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Updates the weights of a model: takes the gradients' global norm, clips by it, and hands each group of parameters to its update rule.
/// </summary>
public sealed class Optimizer : IDisposable
{
    private readonly OptimizerConfig _config;
    private readonly IReadOnlyList<IUpdateRule> _rules;
    private readonly LossScaler? _scaler;
    private readonly GradientExchange? _exchange, _shared; // where there are ranks, and where they share the state
    private readonly ShardedMoments? _moments;

    /// <summary>Makes an optimiser in its initial state for the parameters of a model.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="config">The algorithm, its rates and decays.</param>
    /// <param name="scaler">What the loss is multiplied by, where it is; the optimiser takes it over.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by for the parameter of a name; null is 1 for all.</param>
    public Optimizer(nn.Module model, OptimizerConfig config, LossScaler? scaler = null, Func<string, double>? rateFactor = null)
        : this(model, config, scaler, rateFactor, null)
    {
    }

    /// <summary>The same; where ranks share the state, each makes one of its own.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="config">The algorithm, its rates and decays.</param>
    /// <param name="scaler">What the loss is multiplied by, where it is; the optimiser takes it over.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by for the parameter of a name; null is 1 for all.</param>
    /// <param name="exchange">Sums the gradients of several ranks, which the caller keeps; null where there is one.</param>
    internal Optimizer(nn.Module model, OptimizerConfig config, LossScaler? scaler, Func<string, double>? rateFactor, GradientExchange? exchange)
    {
        (_config, _scaler, _exchange) = (config, scaler, exchange);
        IReadOnlyList<NamedParameter> parameters = NamedParameter.Of(model,
            (role, name) => config.RateFactor(role) * WidthRates.Factor(model, role, config) * (rateFactor?.Invoke(name) ?? 1));
        if (exchange?.Shards is { } shards)
        {
            if (!config.CanShard) throw new ArgumentException("Muon needs whole matrices.", nameof(config));
            _shared = exchange;
            Dictionary<string, ParameterShard> own = shards.ToDictionary(s => s.Name);
            _rules = UpdateRules.For([.. parameters.Where(p => own.ContainsKey(p.Name)).Select(p => p with { Shard = own[p.Name] })], config);
            _moments = new ShardedMoments(exchange, parameters, config, _rules.SelectMany(r => r.State));
        }
        else
        {
            _rules = UpdateRules.For(parameters, config);
        }
        if (config.AverageDecay > 0) Average = new WeightAverage(parameters, config.AverageDecay);
        Skipped = zeros([], ScalarType.Float32, parameters[0].Value.device).DetachFromDisposeScope();
    }

    /// <summary>Calls of <see cref="Step"/> so far, those that left the update out included.</summary>
    public long StepCount { get; private set; }

    /// <summary>How many of them left the update out: a float32 scalar on the device.</summary>
    internal Tensor Skipped { get; }

    /// <summary>The weights' running mean; null where none is kept.</summary>
    internal WeightAverage? Average { get; }

    /// <summary>
    /// What a checkpoint must hold besides <see cref="StepCount"/>: each rule's state, under names that begin with the parameter's, the loss
    /// scaler's, and the trained weights where the checkpoint's model is their mean. Copying into the tensors, which the optimiser and the model own,
    /// restores it. Where ranks share the state, only this rank's part is here.
    /// </summary>
    public IEnumerable<(string Name, Tensor Value)> State => [.. _rules.SelectMany(r => r.State), .. _scaler?.State ?? [], .. Average?.State ?? []];

    /// <summary>What a checkpoint must hold, whole also where ranks share it, in the same order on all ranks.</summary>
    internal IEnumerable<OptimizerTensor> Checkpointed =>
    [
        .. _moments?.All ?? [],
        .. Whole.Select(s => new OptimizerTensor(s.Name, s.Value.dtype, s.Value.shape, () => s.Value, v => s.Value.copy_(v))),
    ];

    /// <summary>What every rank has all of.</summary>
    private IEnumerable<(string Name, Tensor Value)> Whole => _moments is null ? State : [.. _scaler?.State ?? [], .. Average?.State ?? []];

    /// <summary>Whether reading <see cref="Checkpointed"/> takes all ranks.</summary>
    internal bool IsShared => _moments is not null;

    /// <summary>Called where ranks share the state: when this rank has updated its part, before it waits for the others; for clocks.</summary>
    internal Action? OnUpdated { get; set; }

    /// <summary>Called when the others' weights are there; for clocks.</summary>
    internal Action? OnGathered { get; set; }

    /// <summary>Gives what rank 0 has, after it may have read a checkpoint, to all ranks.</summary>
    internal void Share(Distributed.ICollective ranks)
    {
        _moments?.GiveOut();
        foreach (Tensor tensor in Whole.Select(s => s.Value).Concat(Average?.Values.Values ?? [])) ranks.Broadcast(tensor, 0);
    }

    /// <summary>Continues from a checkpoint whose values were copied into <see cref="State"/>.</summary>
    /// <param name="count">Calls of <see cref="Step"/> until then.</param>
    /// <param name="skipped">How many of them left the update out.</param>
    public void RestoreCounts(long count, long skipped)
    {
        StepCount = count;
        using var scope = NewDisposeScope();
        Skipped.Fill(skipped);
    }

    /// <summary>
    /// Updates every parameter from its gradient and sets the gradients to null; their memory may be written to again. Where the gradient's norm or
    /// the loss is not finite, weights and state stay as they are: the update is left out, which is decided on the device.
    /// </summary>
    /// <param name="learningRate">The main rate of this update; the other rates of the configuration follow it in proportion.</param>
    /// <param name="loss">What the gradients come from, a scalar on the device; null where only the norm is to decide.</param>
    /// <returns>The gradient's global norm before clipping, loss scale taken out: a scalar on the device that the caller owns.</returns>
    public Tensor Step(double learningRate, Tensor? loss = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor[][] gradients = [.. _rules.Select(r => r.Group.Gradients())];
        Tensor norm = _shared is null ? GradientNorm.Of(gradients.SelectMany(g => g)) : _shared.Norm([.. gradients.SelectMany(g => g)]);
        if (_shared is null) _exchange?.Ranks.Broadcast(norm, 0); // another machine's sum over the same gradients may differ in the last digit
        Tensor finite = norm.isfinite();
        if (loss is not null) finite = finite.logical_and(loss.isfinite());
        Tensor left = finite.logical_not().to(ScalarType.Float32);
        if (_scaler is not null) norm = norm.div(_scaler.Scale);
        Tensor? divisor = _config.GradientClip > 0 ? GradientNorm.ClipDivisor(norm, _config.GradientClip) : null;
        if (_scaler is not null) divisor = divisor is null ? _scaler.Scale : divisor.mul(_scaler.Scale);
        StepCount++;
        var step = new UpdateStep(learningRate, learningRate / _config.LearningRate, StepCount, Skipped, left, divisor);
        for (int i = 0; i < _rules.Count; i++)
        {
            ParameterGroup group = _rules[i].Group;
            _rules[i].Update(gradients[i], step);
            foreach (NamedParameter parameter in group.Named) parameter.Value.grad = null;
            group.MarkChanged();
        }
        if (_shared is not null)
        {
            OnUpdated?.Invoke();
            _shared.GatherWeights();
            OnGathered?.Invoke();
        }
        Average?.Update(StepCount, left);
        Skipped.Accumulate(left);
        _scaler?.Update(left);
        return norm.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IUpdateRule rule in _rules) rule.Dispose();
        _moments?.Dispose();
        Average?.Dispose();
        Skipped.Dispose();
        _scaler?.Dispose();
    }
}
