using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>Mixes the embeddings into the residual stream again, a·x + b·x₀, by two learned numbers that begin at 1 and 0 (modded-nanogpt, Jordan et al. 2024).</summary>
internal sealed class EmbeddingShortcut : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Parameter keep;
    private readonly Parameter add;

    public EmbeddingShortcut(InitialWeights initial) : base(nameof(EmbeddingShortcut))
    {
        keep = initial.Ones(1);
        add = initial.Zeros(1);
        RegisterComponents();
    }

    /// <summary>(B, T, C) and the embeddings, (B, T, C), to (B, T, C).</summary>
    public override Tensor forward(Tensor x, Tensor embedded) => x.mul(keep).Plus(embedded.mul(add));
}
