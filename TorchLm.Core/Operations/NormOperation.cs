using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>
/// LayerNorm or RMSNorm of float32 with a result in the type that matrix products compute in: a kernel of our own on the CPU, libtorch's operations otherwise.
/// </summary>
internal static unsafe class NormOperation
{
    /// <summary>(…, C) float32 to (…, C) of <paramref name="type"/>.</summary>
    /// <param name="x">The input.</param>
    /// <param name="weight">(C) float32; gradients are added to its <c>grad</c>. Null is 1.</param>
    /// <param name="bias">(C) float32; null is 0.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="centered">Whether the mean is taken out: LayerNorm, or else RMSNorm.</param>
    /// <param name="type">The result's type.</param>
    public static Tensor Apply(Tensor x, Tensor? weight, Tensor? bias, double epsilon, bool centered, ScalarType type)
    {
        long width = x.shape[^1];
        if (!CpuKernels.Serve(CpuKernel.LayerNorm, x) || !Element.IsKnown(type) || width % 16 != 0)
        {
            Tensor y = centered ? nn.functional.layer_norm(x, [width], weight, bias, epsilon) : RmsNorm(x, weight, bias, epsilon);
            return type == ScalarType.Float32 ? y : y.to(type);
        }
        Tensor input = x.detach().contiguous(), result = empty(x.shape, type);
        long rows = input.numel() / width;
        Tensor moments = empty(rows, 2);
        var arguments = new LayerNormKernel.Arguments((nint)Aten.Data(input), Data(weight), Data(bias), (nint)Aten.Data(moments), rows, (int)width,
            (float)epsilon, centered);
        if (type == ScalarType.BFloat16) LayerNormKernel.Forward<BFloat16>(arguments, Aten.Data(result));
        else LayerNormKernel.Forward<Float32>(arguments, Aten.Data(result));
        var gradient = new Gradient(arguments, input.DetachFromDisposeScope(), moments.DetachFromDisposeScope(), weight, bias);
        return GradientNode.Attach(result, [x, .. new[] { weight, bias }.OfType<Tensor>()], gradient);
    }

    private static Tensor RmsNorm(Tensor x, Tensor? weight, Tensor? bias, double epsilon)
    {
        Tensor y = x.mul(x.Squared().mean([-1], keepdim: true).PlusNumber(epsilon).rsqrt());
        if (weight is not null) y = y.mul(weight);
        return bias is null ? y : y.Plus(bias);
    }

    private static nint Data(Tensor? parameter) => parameter is null ? 0 : (nint)Aten.Data(parameter);

    private sealed class Gradient(LayerNormKernel.Arguments arguments, Tensor input, Tensor moments, Tensor? weight, Tensor? bias) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(input);
            float* weights = Sums(weight), biases = Sums(bias);
            if (gradient.dtype == ScalarType.BFloat16) LayerNormKernel.Backward<BFloat16>(arguments, Aten.Data(gradient), (float*)Aten.Data(result), weights, biases);
            else LayerNormKernel.Backward<Float32>(arguments, Aten.Data(gradient), (float*)Aten.Data(result), weights, biases);
            return [result, .. new[] { weight, bias }.OfType<Tensor>().Select(_ => (Tensor?)null)];
        }

        public void Dispose()
        {
            input.Dispose();
            moments.Dispose();
        }

        private static float* Sums(Tensor? parameter) => parameter is null ? null : (float*)Aten.Data(Gradients.Accumulator(parameter));
    }
}
