using TorchLm.Core.Configuration;
using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using TorchLm.Core.Operations;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>Multi-head attention in which a position sees itself and what came before (Vaswani et al. 2017, masked).</summary>
/// <remarks>K, the heads of keys and values, is H or a divisor of it (Ainslie et al. 2023).</remarks>
internal sealed class CausalSelfAttention : nn.Module<Tensor, SequenceContext, Tensor>
{
    private readonly Linear qkv;
    private readonly Linear output;
    private readonly ValueEmbedding? values;
    private readonly AttentionShape _shape;
    private readonly HeadPreparation _preparation;
    private readonly double _dropout;

    public CausalSelfAttention(ModelConfig config, int layer, InitialWeights initial) : base(nameof(CausalSelfAttention))
    {
        int c = config.EmbeddingSize;
        double scale = (config.QkNorm ? config.QkNormScale * config.QkNormScale : 1) / Math.Sqrt(config.HeadSize);
        _shape = new AttentionShape(1, 1, config.HeadCount, config.HeadSize)
        {
            KeyHeads = config.KeyValueHeads,
            Window = config.WindowOf(layer) ?? 0,
            Scale = (float)scale,
        };
        _preparation = new HeadPreparation(config.HeadCount, config.KeyValueHeads, config.QkNorm ? config.NormEpsilon : 0);
        _dropout = config.Dropout;
        qkv = new Linear(initial.Matrix(config.QkvSize, c), config.Bias ? initial.Zeros(config.QkvSize) : null);
        output = new Linear(initial.Projection(c, c), config.Bias ? initial.Zeros(c) : null);
        values = config.ValueEmbeddings ? new ValueEmbedding(config, initial) : null;
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C), where x continues what is in the context's cache, if there is one.</summary>
    /// <param name="x">The input.</param>
    /// <param name="context">Tokens and positions.</param>
    /// <param name="cache">This block's part of the cache.</param>
    public Tensor forward(Tensor x, SequenceContext context, LayerCache? cache)
    {
        Tensor joint = Prepare(x, context);                                        // (B, T, (H + 2K)·D)
        Tensor y = cache is null ? CausalAttentionOperation.Apply(joint, _shape, training ? _dropout : 0) : AfterPast(joint, cache);
        return nn.functional.dropout(output.forward(y), _dropout, training);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x, SequenceContext context) => forward(x, context, null);

    /// <summary>
    /// How much each position looks at each, to be looked at: (B, T, C) to (B, H, T, T) float32. Rows sum to 1; what a row may not see is 0.
    /// </summary>
    /// <remarks>Computed apart from <see cref="forward(Tensor, SequenceContext)"/>, whose kernels never hold all of these at once.</remarks>
    public Tensor Weights(Tensor x, SequenceContext context)
    {
        long t = x.shape[1];
        (Tensor queries, Tensor keys, _) = CausalAttentionOperation.Split(Prepare(x, context).to(ScalarType.Float32), _shape);
        if (_shape.KeyHeads != _shape.Heads) keys = keys.repeat_interleave(_shape.Heads / _shape.KeyHeads, 1);
        Tensor scores = queries.matmul(keys.transpose(2, 3)).Times(_shape.Scale);  // (B, H, T, T)
        if (CausalAttentionOperation.Mask(t, t, _shape.Window, x.device) is { } seen)
        {
            Tensor never = empty([], ScalarType.Float32, x.device);
            never.Fill(double.NegativeInfinity);
            scores = where(seen, scores, never);
        }
        return scores.softmax(3);
    }

    /// <summary>Queries, keys and values (B, T, (H + 2K)·D) as they go into attention.</summary>
    private Tensor Prepare(Tensor x, SequenceContext context)
    {
        Tensor joint = qkv.forward(x);
        return RotaryOperation.Apply(joint, _preparation, context.Angles, values?.forward(context.Ids, joint.dtype));
    }

    /// <summary>Attention of new positions, which join those in the cache, to all of them so far: (B, T, (H + 2K)·D) to (B, T, C).</summary>
    private Tensor AfterPast(Tensor joint, LayerCache cache)
    {
        (Tensor queries, Tensor newKeys, Tensor newValues) = CausalAttentionOperation.Split(joint, _shape);
        (Tensor keys, Tensor values) = cache.Append(newKeys, newValues);           // each (B, K, past + T, D)
        return keys.shape[2] == joint.shape[1] ? CausalAttentionOperation.Apply(joint, _shape, dropout: 0)
            : CausalAttentionOperation.OfPositions(queries, keys, values, _shape, dropout: 0);
    }
}
