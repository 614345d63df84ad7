using TorchLm.Core.Configuration;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>
/// The same model and training step written straight down with what TorchSharp offers: its Linear, Embedding, LayerNorm, AdamW and clip_grad_norm_.
/// It is what TorchLm's step is measured against.
/// </summary>
internal sealed class BaselineGpt : nn.Module<Tensor, Tensor>
{
    private readonly Embedding tokens, positions;
    private readonly ModuleList<BaselineBlock> blocks;
    private readonly LayerNorm norm;
    private readonly ModelConfig _config;

    public BaselineGpt(ModelConfig config) : base(nameof(BaselineGpt))
    {
        _config = config;
        tokens = nn.Embedding(config.VocabularySize, config.EmbeddingSize);
        positions = nn.Embedding(config.ContextLength, config.EmbeddingSize);
        blocks = nn.ModuleList(Enumerable.Range(0, config.LayerCount).Select(_ => new BaselineBlock(config)).ToArray());
        norm = nn.LayerNorm(config.EmbeddingSize, bias: config.Bias);
        RegisterComponents();
        foreach (Parameter parameter in parameters().Where(p => p.dim() == 2)) nn.init.normal_(parameter, 0, 0.02);
    }

    /// <summary>Ids (B, T) to logits (B, T, V).</summary>
    public override Tensor forward(Tensor ids)
    {
        Tensor x = tokens.forward(ids) + positions.forward(arange(ids.shape[1], device: ids.device));
        foreach (BaselineBlock block in blocks) x = block.forward(x);
        return nn.functional.linear(norm.forward(x), tokens.weight!);
    }

    public Tensor Loss(Tensor inputs, Tensor targets) =>
        nn.functional.cross_entropy(forward(inputs).view(-1, _config.VocabularySize), targets.view(-1));
}

/// <summary>A block of <see cref="BaselineGpt"/>.</summary>
internal sealed class BaselineBlock : nn.Module<Tensor, Tensor>
{
    private readonly LayerNorm norm1, norm2;
    private readonly Linear qkv, output, expand, project;
    private readonly int _heads;
    private readonly GELU.Approximate _gelu;

    public BaselineBlock(ModelConfig config) : base(nameof(BaselineBlock))
    {
        int c = config.EmbeddingSize;
        _heads = config.HeadCount;
        _gelu = config.Gelu == "tanh" ? GELU.Approximate.tanh : GELU.Approximate.none;
        norm1 = nn.LayerNorm(c, bias: config.Bias);
        norm2 = nn.LayerNorm(c, bias: config.Bias);
        qkv = nn.Linear(c, 3 * c, config.Bias);
        output = nn.Linear(c, c, config.Bias);
        expand = nn.Linear(c, 4 * c, config.Bias);
        project = nn.Linear(4 * c, c, config.Bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        long b = x.shape[0], t = x.shape[1], c = x.shape[2];
        Tensor[] parts = qkv.forward(norm1.forward(x)).chunk(3, 2);
        Tensor[] heads = [.. parts.Select(p => p.view(b, t, _heads, c / _heads).transpose(1, 2))];
        Tensor y = nn.functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], is_casual: true);
        x = x + output.forward(y.transpose(1, 2).reshape(b, t, c));
        return x + project.forward(nn.functional.gelu(expand.forward(norm2.forward(x)), _gelu));
    }
}
