using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using TorchLm.Core.Operations;
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
        Tensor joint = qkv.forward(x);                                             // (B, T, 3C)
        Tensor y = cache is null ? CausalAttentionOperation.Apply(joint, _heads, training ? _dropout : 0) : AfterPast(joint, cache);
        return nn.functional.dropout(output.forward(y), _dropout, training);
    }

    /// <summary>
    /// How much each position looks at each, to be looked at: (B, T, C) to (B, H, T, T) float32. Rows sum to 1; what a row may not see is 0.
    /// </summary>
    /// <remarks>Computed apart from <see cref="forward(Tensor)"/>, whose kernels never hold all of these at once.</remarks>
    public Tensor Weights(Tensor x)
    {
        long b = x.shape[0], t = x.shape[1], d = x.shape[2] / _heads;
        Tensor[] parts = qkv.forward(x).to(ScalarType.Float32).view(b, t, 3, _heads, d).permute(2, 0, 3, 1, 4).unbind(0);   // each (B, H, T, D)
        Tensor scores = parts[0].matmul(parts[1].transpose(2, 3)).DividedBy(Math.Sqrt(d));
        Tensor future = empty(t, t, ScalarType.Float32, x.device);
        future.Fill(double.NegativeInfinity);
        return scores.Plus(future.triu(1)).softmax(3);
    }

    /// <summary>Attention of new positions, which join those in the cache, to all of them so far: (B, T, 3C) to (B, T, C).</summary>
    private Tensor AfterPast(Tensor joint, LayerCache cache)
    {
        long b = joint.shape[0], t = joint.shape[1], c = joint.shape[2] / 3;
        Tensor[] parts = joint.view(b, t, 3, _heads, c / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        (Tensor keys, Tensor values) = cache.Append(parts[1], parts[2]);           // each (B, H, past + T, D)
        if (keys.shape[2] == t) return CausalAttentionOperation.Apply(joint, _heads, dropout: 0);
        Tensor? mask = MaskAfterPast(keys.shape[2] - t, t, joint.device);
        Tensor y = nn.functional.scaled_dot_product_attention(parts[0], keys, values, attn_mask: mask);
        return y.transpose(1, 2).reshape(b, t, c);                                 // heads side by side again
    }

    /// <summary>(T, past + T): row i may see the past and the first i + 1 of the new positions; one new position sees everything.</summary>
    private static Tensor? MaskAfterPast(long past, long t, Device device) =>
        t == 1 ? null : ones(t, past + t, ScalarType.Bool, device).tril(past);
}
