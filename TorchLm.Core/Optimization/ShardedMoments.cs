using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>The moments of all parameters where each rank has its part of them: gathered for a checkpoint, and given out from one.</summary>
internal sealed class ShardedMoments : IDisposable
{
    private readonly GradientExchange _exchange;
    private readonly Device _device;
    private readonly Dictionary<string, ParameterShard> _shards;
    private readonly Dictionary<string, Tensor> _own; // this rank's parts, by the names of the wholes
    private readonly SortedDictionary<string, Tensor> _read = new(StringComparer.Ordinal); // wholes that this rank has read, and not yet given out
    private readonly IReadOnlyList<OptimizerTensor> _all;

    /// <summary>Describes them.</summary>
    /// <param name="exchange">Who has what.</param>
    /// <param name="parameters">All parameters of the model.</param>
    /// <param name="config">The algorithm.</param>
    /// <param name="own">This rank's parts, by name, which the rules keep.</param>
    public ShardedMoments(GradientExchange exchange, IReadOnlyList<NamedParameter> parameters, OptimizerConfig config, IEnumerable<(string Name, Tensor Value)> own)
    {
        (_exchange, _device) = (exchange, parameters[0].Value.device);
        _shards = exchange.Shards!.ToDictionary(s => s.Name);
        _own = own.ToDictionary(s => s.Name, s => s.Value);
        _all = [.. parameters.SelectMany(p => UpdateRules.StateNames(config).Select(kind => Describe(p, $"{p.Name}.{kind}")))];
    }

    /// <summary>All moments, in the same order on all ranks.</summary>
    public IEnumerable<OptimizerTensor> All => _all;

    /// <summary>Gives what rank 0 has read of a checkpoint to all; where it has read nothing, moments stay as they are.</summary>
    public void GiveOut()
    {
        bool isFirst = _exchange.Ranks.Rank == 0;
        if (!new Distributed.Consensus(_exchange.Ranks, _device).OfFirst(_read.Count > 0)) return;
        foreach (OptimizerTensor moment in _all)
        {
            using var scope = NewDisposeScope();
            Tensor whole = isFirst && _read.TryGetValue(moment.Name, out Tensor? read) ? read.to(_device) : zeros(moment.Shape, moment.Type, _device);
            _exchange.Ranks.Broadcast(whole, 0);
            if (!isFirst) TakePart(moment.Name, whole);
        }
        Forget();
    }

    /// <inheritdoc/>
    public void Dispose() => Forget();

    private OptimizerTensor Describe(NamedParameter parameter, string name) => new(name, ScalarType.Float32, parameter.Value.shape, () =>
    {
        using var noGradient = no_grad();
        Tensor whole = zeros_like(parameter.Value, requires_grad: false);
        if (_own.TryGetValue(name, out Tensor? own)) _shards[parameter.Name].In(whole).copy_(own);
        _exchange.Ranks.AllReduce(whole); // of zeros and one part: a copy
        return whole;
    }, values =>
    {
        _read[name] = values.cpu().clone().DetachFromDisposeScope();
        TakePart(name, values);
    });

    private void TakePart(string name, Tensor whole)
    {
        using var scope = NewDisposeScope();
        if (_own.TryGetValue(name, out Tensor? own)) own.copy_(_shards[name[..name.LastIndexOf('.')]].In(whole));
    }

    private void Forget()
    {
        foreach (Tensor tensor in _read.Values) tensor.Dispose();
        _read.Clear();
    }
}
