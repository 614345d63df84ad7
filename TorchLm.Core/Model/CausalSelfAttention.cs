using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>Multi-head attention in which a position sees itself and what came before (Vaswani et al. 2017, masked).</summary>
internal sealed class CausalSelfAttention : nn.Module<Tensor, Tensor>
{
    private readonly Linear qkv;
    private readonly Linear output;
    private readonly int _heads;
    private readonly double _dropout;

    public CausalSelfAttention(ModelConfig config, InitialWeights initial) : base(nameof(CausalSelfAttention))
    {
        int c = config.EmbeddingSize;
        _heads = config.HeadCount;
        _dropout = config.Dropout;
        qkv = new Linear(c, 3 * c, Gpt.InitialDeviation, initial, config.Bias);
        output = new Linear(c, c, Gpt.ResidualDeviation(config), initial, config.Bias);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x) => forward(x, null);

    /// <summary>(B, T, C) to (B, T, C), where x continues what is in <paramref name="cache"/>, if there is one.</summary>
    public Tensor forward(Tensor x, LayerCache? cache)
    {
        long b = x.shape[0], t = x.shape[1], c = x.shape[2];
        Tensor[] parts = qkv.forward(x).view(b, t, 3, _heads, c / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        (Tensor q, Tensor k, Tensor v) = (parts[0], parts[1], parts[2]);           // each (B, H, T, D)
        if (cache is not null) (k, v) = cache.Append(k, v);                        // (B, H, past + T, D)

        double dropout = training ? _dropout : 0;
        Tensor y = k.shape[2] == t
            ? nn.functional.scaled_dot_product_attention(q, k, v, p: dropout, is_casual: true)
            : nn.functional.scaled_dot_product_attention(q, k, v, attn_mask: MaskAfterPast(k.shape[2] - t, t, x.device), p: dropout);
        y = output.forward(y.transpose(1, 2).reshape(b, t, c));                    // heads side by side again
        return nn.functional.dropout(y, _dropout, training);
    }

    /// <summary>(T, past + T): row i may see the past and the first i + 1 of the new positions; one new position sees everything.</summary>
    private static Tensor? MaskAfterPast(long past, long t, Device device) =>
        t == 1 ? null : ones(t, past + t, ScalarType.Bool, device).tril(past);
}
