using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// An exponential moving average of a model's weights (Polyak and Juditsky 1992; Tarvainen and Valpola 2017), which often predicts better than the
/// weights that are being trained.
/// </summary>
/// <remarks>
/// At update t, counted from 1, the decay is min(decay, (1 + t) / (10 + t)), so that the first weights are forgotten soon. An update that is left out
/// leaves the average as it is.
/// </remarks>
internal sealed class WeightAverage : IDisposable
{
    /// <summary>What the names of the trained weights in <see cref="State"/> end with.</summary>
    internal const string TrainedSuffix = ".trained";

    private readonly IReadOnlyList<NamedParameter> _named;
    private readonly IReadOnlyList<Tensor> _parameters, _averages;
    private readonly double _decay;
    private Tensor[]? _trained; // while the model has the averages

    /// <summary>Begins with the present weights.</summary>
    /// <param name="parameters">A model's parameters, which the model keeps.</param>
    /// <param name="decay">The decay of late steps.</param>
    public WeightAverage(IReadOnlyList<NamedParameter> parameters, double decay)
    {
        (_named, _decay) = (parameters, decay);
        using var noGradient = no_grad();
        _parameters = [.. parameters.Select(p => p.Value)];
        _averages = [.. _parameters.Select(p => p.detach().clone().DetachFromDisposeScope())];
        Values = parameters.Zip(_averages).ToDictionary(p => p.First.Name, p => p.Second);
    }

    /// <summary>The averages by the parameters' names.</summary>
    public IReadOnlyDictionary<string, Tensor> Values { get; }

    /// <summary>The weights that are being trained, <c>NAME.trained</c>: a checkpoint holds them beside the averages, which are its model.</summary>
    public IEnumerable<(string Name, Tensor Value)> State => _named.Select(p => (p.Name + TrainedSuffix, (Tensor)p.Value));

    /// <summary>Begins anew with the weights that the model has now.</summary>
    public void Restart() => Copy(_parameters, _averages);

    /// <summary>Takes an update's weights in.</summary>
    /// <param name="count">Updates so far.</param>
    /// <param name="leftOut">1 where this one was left out: a float32 scalar on the device.</param>
    public void Update(long count, Tensor leftOut) =>
        RunningMean.Update(_averages, _parameters, 1 - Math.Min(_decay, (1.0 + count) / (10.0 + count)), leftOut);

    /// <summary>Gives the model the averages; the trained weights are put by.</summary>
    public void Show()
    {
        if (_trained is not null) return;
        using var noGradient = no_grad();
        _trained = [.. _parameters.Select(p => p.detach().clone().DetachFromDisposeScope())];
        Copy(_averages, _parameters);
    }

    /// <summary>Gives the model the trained weights back.</summary>
    public void Hide()
    {
        if (_trained is null) return;
        Copy(_trained, _parameters);
        foreach (Tensor tensor in _trained) tensor.Dispose();
        _trained = null;
    }

    /// <summary>Gives the model the averages until the result is disposed.</summary>
    public IDisposable Shown()
    {
        Show();
        return new Showing(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _averages.Concat(_trained ?? [])) tensor.Dispose();
        _trained = null;
    }

    private static void Copy(IReadOnlyList<Tensor> from, IReadOnlyList<Tensor> to)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        for (int i = 0; i < from.Count; i++) to[i].copy_(from[i]);
    }

    private sealed class Showing(WeightAverage average) : IDisposable
    {
        public void Dispose() => average.Hide();
    }
}
