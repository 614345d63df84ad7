using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>A causal convolution over few positions, channel by channel: a kernel of our own on the CPU, libtorch's operations otherwise.</summary>
internal static unsafe class ShortConvolutionOperation
{
    /// <summary>(B, T, C) to the same shape and type; what lies before the sequence is 0.</summary>
    /// <param name="x">The input.</param>
    /// <param name="weight">(width, C) float32: row k is for k positions earlier; gradients are added to its <c>grad</c>.</param>
    public static Tensor Apply(Tensor x, Tensor weight)
    {
        long c = x.shape[2];
        if (!CpuKernels.Serve(CpuKernel.Convolution, x) || c % 16 != 0) return WithAten(x, weight);
        Tensor input = x.detach().contiguous(), result = empty_like(input);
        var arguments = new ShortConvolutionKernel.Arguments((nint)Aten.Data(input), (nint)Aten.Data(weight), (int)x.shape[0], (int)x.shape[1], (int)c,
            (int)weight.shape[0]);
        if (x.dtype == ScalarType.BFloat16) ShortConvolutionKernel.Forward<BFloat16>(arguments, Aten.Data(result));
        else ShortConvolutionKernel.Forward<Float32>(arguments, Aten.Data(result));
        return GradientNode.Attach(result, [x, weight], new Gradient(arguments, input.DetachFromDisposeScope(), weight));
    }

    private static Tensor WithAten(Tensor x, Tensor weight)
    {
        long t = x.shape[1];
        Tensor wide = x.to(ScalarType.Float32), y = wide.mul(weight.narrow(0, 0, 1));
        for (long k = 1; k < Math.Min(t, weight.shape[0]); k++)
        {
            Tensor earlier = cat([zeros([x.shape[0], k, x.shape[2]], ScalarType.Float32, x.device), wide.narrow(1, 0, t - k)], 1);
            y = y.Plus(earlier.mul(weight.narrow(0, k, 1)));
        }
        return y.to(x.dtype);
    }

    private sealed class Gradient(ShortConvolutionKernel.Arguments arguments, Tensor input, Tensor weight) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(gradient);
            float* sums = (float*)Aten.Data(Gradients.Accumulator(weight));
            if (gradient.dtype == ScalarType.BFloat16) ShortConvolutionKernel.Backward<BFloat16>(arguments, Aten.Data(gradient), Aten.Data(result), sums);
            else ShortConvolutionKernel.Backward<Float32>(arguments, Aten.Data(gradient), Aten.Data(result), sums);
            return [result, null];
        }

        public void Dispose() => input.Dispose();
    }
}
