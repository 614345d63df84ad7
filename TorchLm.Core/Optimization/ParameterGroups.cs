using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>A parameter with its name in the model.</summary>
/// <param name="Name">The path in the module tree, such as <c>blocks.0.mlp.expand.weight</c>.</param>
/// <param name="Value">The parameter; the model owns it.</param>
public sealed record NamedParameter(string Name, Parameter Value);

/// <summary>
/// Which parameters weight decay applies to: matrices (embeddings and linear weights) decay, vectors (biases and LayerNorm gains) do not.
/// </summary>
public static class ParameterGroups
{
    /// <summary>Splits the parameters of a model, each group in the model's order.</summary>
    public static (IReadOnlyList<NamedParameter> Decayed, IReadOnlyList<NamedParameter> NotDecayed) Of(nn.Module model)
    {
        ILookup<bool, NamedParameter> groups = model.named_parameters()
            .Select(p => new NamedParameter(p.name, p.parameter)).ToLookup(p => p.Value.dim() >= 2);
        return ([.. groups[true]], [.. groups[false]]);
    }
}
