using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>One transformer block with pre-LayerNorm (Radford et al. 2019): attention, then the MLP, each added to the residual stream.</summary>
internal sealed class Block : nn.Module<Tensor, Tensor>
{
    private readonly LayerNorm attentionNorm;
    private readonly CausalSelfAttention attention;
    private readonly LayerNorm mlpNorm;
    private readonly Mlp mlp;

    public Block(ModelConfig config, InitialWeights initial, ScalarType type) : base(nameof(Block))
    {
        attentionNorm = new LayerNorm(config.EmbeddingSize, initial, config.Bias, type);
        attention = new CausalSelfAttention(config, initial);
        mlpNorm = new LayerNorm(config.EmbeddingSize, initial, config.Bias, type);
        mlp = new Mlp(config, initial);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x) => forward(x, null);

    /// <summary>(B, T, C) to (B, T, C), where x continues what is in <paramref name="cache"/>, if there is one.</summary>
    public Tensor forward(Tensor x, LayerCache? cache)
    {
        x = x.Plus(attention.forward(attentionNorm.forward(x), cache));
        return x.Plus(mlp.forward(mlpNorm.forward(x)));
    }

    /// <summary>How much each position of (B, T, C) looks at each in this block's heads: (B, H, T, T).</summary>
    public Tensor AttentionWeights(Tensor x) => attention.Weights(attentionNorm.forward(x));
}
