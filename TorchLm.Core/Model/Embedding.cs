using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>A learned vector for each id: rows of W, of shape (V, C).</summary>
internal sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <param name="weight">W, which the module takes over.</param>
    public Embedding(Parameter weight) : base(nameof(Embedding))
    {
        this.weight = weight;
        RegisterComponents();
    }

    /// <summary>W itself, for an output head that is tied to it.</summary>
    public Parameter Weight => weight;

    /// <summary>Ids (…) to vectors (…, C).</summary>
    public override Tensor forward(Tensor ids) => EmbeddingOperation.Apply(weight, ids);
}
