using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>LayerNorm of float32 with a result in the type that matrix products compute in: a kernel of our own on the CPU, libtorch's otherwise.</summary>
internal static unsafe class LayerNormOperation
{
    /// <summary>(…, C) float32 to (…, C) of <paramref name="type"/>.</summary>
    /// <param name="x">The input.</param>
    /// <param name="weight">(C) float32; gradients are added to its <c>grad</c>.</param>
    /// <param name="bias">(C) float32, or null.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="type">The result's type.</param>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, double epsilon, ScalarType type)
    {
        long width = weight.shape[0];
        if (!CpuKernels.Serve(CpuKernel.LayerNorm, x) || !Element.IsKnown(type) || width % 16 != 0)
        {
            Tensor y = nn.functional.layer_norm(x, [width], weight, bias, epsilon);
            return type == ScalarType.Float32 ? y : y.to(type);
        }
        Tensor input = x.detach().contiguous(), result = empty(x.shape, type);
        long rows = input.numel() / width;
        Tensor moments = empty(rows, 2);
        var arguments = new LayerNormKernel.Arguments((nint)Aten.Data(input), (nint)Aten.Data(weight), bias is null ? 0 : (nint)Aten.Data(bias),
            (nint)Aten.Data(moments), rows, (int)width, (float)epsilon);
        if (type == ScalarType.BFloat16) LayerNormKernel.Forward<BFloat16>(arguments, Aten.Data(result));
        else LayerNormKernel.Forward<Float32>(arguments, Aten.Data(result));
        return GradientNode.Attach(result, bias is null ? [x, weight] : [x, weight, bias],
            new Gradient(arguments, input.DetachFromDisposeScope(), moments.DetachFromDisposeScope(), weight, bias));
    }

    private sealed class Gradient(LayerNormKernel.Arguments arguments, Tensor input, Tensor moments, Tensor weight, Tensor? bias) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(input);
            float* weights = (float*)Aten.Data(Gradients.Accumulator(weight)), biases = bias is null ? null : (float*)Aten.Data(Gradients.Accumulator(bias));
            if (gradient.dtype == ScalarType.BFloat16) LayerNormKernel.Backward<BFloat16>(arguments, Aten.Data(gradient), (float*)Aten.Data(result), weights, biases);
            else LayerNormKernel.Backward<Float32>(arguments, Aten.Data(gradient), (float*)Aten.Data(result), weights, biases);
            return bias is null ? [result, null] : [result, null, null];
        }

        public void Dispose()
        {
            input.Dispose();
            moments.Dispose();
        }
    }
}
