using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>A learned vector for each id: rows of W, of shape (V, C).</summary>
internal sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <param name="rows">Ids that are in use.</param>
    /// <param name="paddedRows">Rows in memory; those beyond <paramref name="rows"/> are zero.</param>
    /// <param name="channels">Length of a vector.</param>
    /// <param name="initialDeviation">Standard deviation of the initial values.</param>
    /// <param name="initial">Where initial values come from.</param>
    public Embedding(int rows, int paddedRows, int channels, double initialDeviation, InitialWeights initial) : base(nameof(Embedding))
    {
        weight = initial.Normal(initialDeviation, rows, channels, paddedRows);
        RegisterComponents();
    }

    /// <summary>W itself, for an output head that is tied to it.</summary>
    public Parameter Weight => weight;

    /// <summary>Ids (…) to vectors (…, C).</summary>
    public override Tensor forward(Tensor ids) => EmbeddingOperation.Apply(weight, ids);
}
