using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>Parameters that are updated by the same rule at the same rate, in one operator where there is one.</summary>
internal sealed class ParameterGroup : IDisposable
{
    private readonly IReadOnlyList<Tensor> _nothing; // an empty view of each parameter

    /// <summary>Makes a group.</summary>
    /// <param name="named">At least one parameter; the model keeps them.</param>
    /// <param name="weightDecay">Decoupled decay per update, multiplied by the rate.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by.</param>
    public ParameterGroup(IReadOnlyList<NamedParameter> named, double weightDecay, double rateFactor = 1)
    {
        (Named, WeightDecay, RateFactor) = (named, weightDecay, rateFactor);
        Parameters = [.. named.Select(p => p.Weights)];
        using var noGradient = no_grad();
        _nothing = [.. Parameters.Select(p => p.narrow(0, 0, 0).DetachFromDisposeScope())];
    }

    public IReadOnlyList<NamedParameter> Named { get; }

    public double WeightDecay { get; }

    public double RateFactor { get; }

    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>The parameters' gradients; the caller's dispose scope owns these handles.</summary>
    /// <exception cref="InvalidOperationException">One has none.</exception>
    public Tensor[] Gradients() => [.. Named.Select(p =>
        p.Gradient ?? throw new InvalidOperationException($"{p.Name} has no gradient: call backward before Step."))];

    /// <summary>Tensors of zeros of the parameters' shapes, which the caller owns.</summary>
    public IReadOnlyList<Tensor> Zeros() => [.. Parameters.Select(p => zeros_like(p, requires_grad: false).DetachFromDisposeScope())];

    /// <summary>Tensors of this group's parameters under the names that a checkpoint has for them.</summary>
    public IEnumerable<(string Name, Tensor Value)> State(params (string Suffix, IReadOnlyList<Tensor> Values)[] kinds)
    {
        for (int i = 0; i < Named.Count; i++)
        {
            foreach ((string suffix, IReadOnlyList<Tensor> values) in kinds) yield return ($"{Named[i].Name}.{suffix}", values[i]);
        }
    }

    /// <summary>
    /// Counts the update in each tensor's version, as every other change in place does and fused operators do not: changing nothing in a view
    /// counts for the whole. Who keeps a copy of a parameter asks for the version.
    /// </summary>
    public void MarkChanged()
    {
        foreach (Tensor view in _nothing) view.zero_().Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in _nothing) view.Dispose();
    }
}
