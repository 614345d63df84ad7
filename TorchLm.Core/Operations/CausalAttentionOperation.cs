using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>Causal attention of a whole sequence: a kernel of our own on the CPU, libtorch's scaled_dot_product_attention otherwise.</summary>
internal static unsafe class CausalAttentionOperation
{
    /// <summary>Joint queries, keys and values (B, T, (H + 2K)·D) to the heads' results side by side (B, T, H·D).</summary>
    /// <param name="qkv">What the joint projection gives.</param>
    /// <param name="attention">Heads, window and scale; batch and length are qkv's.</param>
    /// <param name="dropout">Probability of zeroing an attention weight.</param>
    public static Tensor Apply(Tensor qkv, AttentionShape attention, double dropout)
    {
        AttentionShape shape = attention with { Batch = (int)qkv.shape[0], Length = (int)qkv.shape[1] };
        if (shape.Window >= shape.Length) shape = shape with { Window = 0 };
        if (dropout == 0 && CpuKernels.Serve(CpuKernel.Attention, qkv) && CausalAttentionKernel.Supports(shape))
        {
            return ByKernel(qkv, shape);
        }
        (Tensor queries, Tensor keys, Tensor values) = Split(qkv, shape);
        return OfPositions(queries, keys, values, shape, dropout);
    }

    /// <summary>Queries (B, H, T, D), keys and values (B, K, T, D) each, views of a joint tensor.</summary>
    public static (Tensor Queries, Tensor Keys, Tensor Values) Split(Tensor qkv, AttentionShape shape)
    {
        long d = shape.HeadSize;
        return (Heads(0, shape.Heads), Heads(shape.Heads, shape.KeyHeads), Heads(shape.Heads + shape.KeyHeads, shape.KeyHeads));

        Tensor Heads(long first, long count) => qkv.narrow(2, first * d, count * d).view(qkv.shape[0], qkv.shape[1], count, d).transpose(1, 2);
    }

    /// <summary>
    /// Queries (B, H, T, D) of the last T positions of keys and values (B, K, past + T, D) to the heads' results side by side (B, T, H·D), by libtorch.
    /// </summary>
    public static Tensor OfPositions(Tensor queries, Tensor keys, Tensor values, AttentionShape shape, double dropout)
    {
        long b = queries.shape[0], t = queries.shape[2], all = keys.shape[2], d = shape.HeadSize;
        if (shape.Window > 0 && all > t - 1 + shape.Window) // what the first query does not see, none does
        {
            all = t - 1 + shape.Window;
            (keys, values) = (keys.narrow(2, keys.shape[2] - all, all), values.narrow(2, values.shape[2] - all, all));
        }
        if (shape.KeyHeads != shape.Heads) (keys, values) = (Repeated(keys), Repeated(values));
        double factor = shape.Scale * Math.Sqrt(d);                                            // libtorch's own is 1 / √D
        if (Math.Abs(factor - 1) > 1e-6) queries = queries.Times(factor);
        bool windowed = shape.Window > 0 && shape.Window < all && t > 1;
        Tensor y = all == t && !windowed
            ? nn.functional.scaled_dot_product_attention(queries, keys, values, p: dropout, is_casual: true)
            : nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask: Mask(t, all, windowed ? shape.Window : 0, queries.device), p: dropout);
        return y.transpose(1, 2).reshape(b, t, shape.Heads * d);

        Tensor Repeated(Tensor x) => x.repeat_interleave(shape.Heads / shape.KeyHeads, 1);
    }

    /// <summary>
    /// (T, past + T): row i may see the past and the first i + 1 of the new positions, as far as the window goes; null where one query sees everything.
    /// </summary>
    public static Tensor? Mask(long t, long all, int window, Device device)
    {
        if (t == 1) return null;
        Tensor seen = ones(t, all, ScalarType.Bool, device).tril(all - t);
        return window == 0 ? seen : seen.triu(all - t - window + 1);
    }

    private static Tensor ByKernel(Tensor qkv, AttentionShape shape)
    {
        Tensor input = qkv.detach().contiguous();
        Tensor result = empty([shape.Batch, shape.Length, shape.Heads * shape.HeadSize], qkv.dtype), logSumExp = empty(shape.Batch, shape.Heads, shape.Length);
        if (qkv.dtype == ScalarType.BFloat16) CausalAttentionKernel.Forward<BFloat16>(shape, Aten.Data(input), Aten.Data(result), (float*)Aten.Data(logSumExp));
        else CausalAttentionKernel.Forward<Float32>(shape, Aten.Data(input), Aten.Data(result), (float*)Aten.Data(logSumExp));
        // The result is kept by another handle: it will point to the graph that keeps this.
        var gradient = new Gradient(shape, input.DetachFromDisposeScope(), result.detach().DetachFromDisposeScope(), logSumExp.DetachFromDisposeScope());
        return GradientNode.Attach(result, [qkv], gradient);
    }

    private sealed class Gradient(AttentionShape shape, Tensor qkv, Tensor result, Tensor logSumExp) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), qkvGradient = empty_like(qkv);
            if (qkv.dtype == ScalarType.BFloat16) Run<BFloat16>(gradient, qkvGradient);
            else Run<Float32>(gradient, qkvGradient);
            return [qkvGradient];
        }

        public void Dispose()
        {
            qkv.Dispose();
            result.Dispose();
            logSumExp.Dispose();
        }

        private void Run<T>(Tensor gradient, Tensor qkvGradient) where T : struct, IElement => CausalAttentionKernel.Backward<T>(shape, Aten.Data(qkv),
            Aten.Data(result), Aten.Data(gradient), (float*)Aten.Data(logSumExp), Aten.Data(qkvGradient));
    }
}
