using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// One transformer block: attention, then the MLP, each added to the residual stream, and normalised before (Radford et al. 2019) or after that
/// (Vaswani et al. 2017).
/// </summary>
internal sealed class Block : nn.Module<Tensor, SequenceContext, Tensor>
{
    private readonly EmbeddingShortcut? shortcut;
    private readonly Norm attentionNorm;
    private readonly ShortConvolution? attentionConvolution;
    private readonly CausalSelfAttention attention;
    private readonly Norm mlpNorm;
    private readonly ShortConvolution? mlpConvolution;
    private readonly Mlp mlp;
    private readonly bool _normsAfter;
    private readonly ScalarType _type;

    public Block(ModelConfig config, int layer, InitialWeights initial, ScalarType type) : base(nameof(Block))
    {
        (_normsAfter, _type) = (config.NormPlacement == ModelConfig.PostNorm, type);
        ScalarType normed = _normsAfter ? ScalarType.Float32 : type;
        shortcut = config.EmbeddingShortcuts ? new EmbeddingShortcut(initial) : null;
        attentionNorm = new Norm(config, initial, normed);
        attentionConvolution = config.ConvolutionWidth > 0 ? new ShortConvolution(config, initial) : null;
        attention = new CausalSelfAttention(config, layer, initial);
        mlpNorm = new Norm(config, initial, normed);
        mlpConvolution = config.ConvolutionWidth > 0 ? new ShortConvolution(config, initial) : null;
        mlp = new Mlp(config, initial);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x, SequenceContext context) => forward(x, context, null);

    /// <summary>(B, T, C) to (B, T, C), where x continues what is in <paramref name="cache"/>, if there is one.</summary>
    public Tensor forward(Tensor x, SequenceContext context, LayerCache? cache)
    {
        if (shortcut is not null) x = shortcut.forward(x, context.Embedded);
        if (_normsAfter)
        {
            x = attentionNorm.forward(x.Plus(Attend(x.to(_type), context, cache)));
            return mlpNorm.forward(x.Plus(FeedForward(x.to(_type), cache)));
        }
        x = x.Plus(Attend(attentionNorm.forward(x), context, cache));
        return x.Plus(FeedForward(mlpNorm.forward(x), cache));
    }

    /// <summary>How much each position of (B, T, C) looks at each in this block's heads: (B, H, T, T).</summary>
    public Tensor AttentionWeights(Tensor x, SequenceContext context)
    {
        if (shortcut is not null) x = shortcut.forward(x, context.Embedded);
        x = _normsAfter ? x.to(_type) : attentionNorm.forward(x);
        return attention.Weights(attentionConvolution is null ? x : attentionConvolution.forward(x), context);
    }

    private Tensor Attend(Tensor x, SequenceContext context, LayerCache? cache)
    {
        if (attentionConvolution is not null) x = attentionConvolution.forward(x, cache?.BeforeAttention);
        return attention.forward(x, context, cache);
    }

    private Tensor FeedForward(Tensor x, LayerCache? cache)
    {
        if (mlpConvolution is not null) x = mlpConvolution.forward(x, cache?.BeforeMlp);
        return mlp.forward(x);
    }
}
