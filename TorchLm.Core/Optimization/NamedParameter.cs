using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>A parameter as an optimiser knows it.</summary>
/// <param name="Name">The path in the module tree, such as <c>blocks.0.mlp.expand.weight</c>.</param>
/// <param name="Value">The parameter; the model owns it.</param>
/// <param name="Role">What it does in the model.</param>
/// <param name="RateFactor">What the learning rate is multiplied by for it.</param>
public sealed record NamedParameter(string Name, Parameter Value, ParameterRole Role, double RateFactor)
{
    /// <summary>The stretch of it that this rank updates, where ranks share the work; null is all of it.</summary>
    internal ParameterShard? Shard { get; init; }

    /// <summary>What is updated.</summary>
    internal Tensor Weights => Shard?.Weights ?? Value;

    /// <summary>The gradient of <see cref="Weights"/>; the caller's dispose scope owns the handle, unless a shard does. Null where there is none.</summary>
    internal Tensor? Gradient => Shard?.Gradient ?? Value.grad;

    /// <summary>Whether weight decay applies to it: to matrices (embeddings and linear weights), not to vectors (biases and gains).</summary>
    public bool Decays => Value.dim() >= 2;

    /// <summary>The parameters of a model, in its order.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rateFactor">The factor of a parameter's rate by its role and name.</param>
    public static IReadOnlyList<NamedParameter> Of(nn.Module model, Func<ParameterRole, string, double> rateFactor)
    {
        return [.. model.named_parameters().Select(p => Describe(p.name, p.parameter))];

        NamedParameter Describe(string name, Parameter value)
        {
            ParameterRole role = ParameterRoles.Of(name, value);
            return new NamedParameter(name, value, role, rateFactor(role, name));
        }
    }
}
