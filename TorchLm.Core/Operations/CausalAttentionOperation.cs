using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>Causal attention of a whole sequence: a kernel of our own on the CPU, libtorch's scaled_dot_product_attention otherwise.</summary>
internal static unsafe class CausalAttentionOperation
{
    /// <summary>Joint queries, keys and values (B, T, 3·C) to the heads' results side by side (B, T, C).</summary>
    /// <param name="qkv">What the joint projection gives.</param>
    /// <param name="heads">H.</param>
    /// <param name="dropout">Probability of zeroing an attention weight.</param>
    public static Tensor Apply(Tensor qkv, int heads, double dropout)
    {
        long b = qkv.shape[0], t = qkv.shape[1], c = qkv.shape[2] / 3;
        var shape = new AttentionShape((int)b, (int)t, heads, (int)c / heads);
        if (dropout == 0 && CpuKernels.Serve(CpuKernel.Attention, qkv) && CausalAttentionKernel.Supports(shape))
        {
            return ByKernel(qkv, shape);
        }
        Tensor[] parts = qkv.view(b, t, 3, heads, c / heads).permute(2, 0, 3, 1, 4).unbind(0);      // each (B, H, T, D)
        return nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], p: dropout, is_casual: true).transpose(1, 2).reshape(b, t, c);
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
