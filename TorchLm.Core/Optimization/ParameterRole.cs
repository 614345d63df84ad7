using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>What a parameter does in the model, by which optimisers tell parameters apart.</summary>
public enum ParameterRole
{
    /// <summary>A weight matrix of a block, which maps hidden vectors to hidden vectors.</summary>
    Matrix,

    /// <summary>A table of learned vectors, of which a step reads the rows that its tokens or positions name.</summary>
    Embedding,

    /// <summary>The output head's matrix where it is not the token embedding.</summary>
    Head,

    /// <summary>Everything else: biases, gains and other small parameters.</summary>
    Vector,
}

/// <summary>Tells parameters' roles by their names in the model.</summary>
public static class ParameterRoles
{
    private static readonly string[] s_matrices = ["attention.qkv.weight", "attention.output.weight", "mlp.expand.weight", "mlp.project.weight"];

    /// <summary>The role of a parameter.</summary>
    /// <param name="name">Its path in the module tree, such as <c>blocks.0.mlp.expand.weight</c>.</param>
    /// <param name="value">The parameter.</param>
    public static ParameterRole Of(string name, Tensor value)
    {
        if (name.StartsWith("blocks.", StringComparison.Ordinal) && value.dim() == 2
            && Array.Exists(s_matrices, ending => name.EndsWith(ending, StringComparison.Ordinal)))
        {
            return ParameterRole.Matrix;
        }
        if (name is "tokens.weight" or "positions.weight" || name.EndsWith(".embedding.weight", StringComparison.Ordinal)) return ParameterRole.Embedding;
        return name == "head.weight" ? ParameterRole.Head : ParameterRole.Vector;
    }
}
