using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>SiLU(gate) · value (Shazeer 2020): a kernel of our own on the CPU, libtorch's operations otherwise.</summary>
internal static unsafe class SwiGluOperation
{
    /// <summary>Gates and values side by side, (…, 2F), to (…, F).</summary>
    public static Tensor Apply(Tensor x)
    {
        int width = (int)(x.shape[^1] / 2);
        if (!CpuKernels.Serve(CpuKernel.SwiGlu, x) || width % 16 != 0) return nn.functional.silu(x.narrow(-1, 0, width)).mul(x.narrow(-1, width, width));
        Tensor input = x.detach().contiguous();
        long rows = input.numel() / (2L * width);
        Tensor result = empty([.. x.shape[..^1], width], x.dtype);
        if (x.dtype == ScalarType.BFloat16) SwiGluKernel.Forward<BFloat16>(Aten.Data(input), Aten.Data(result), rows, width);
        else SwiGluKernel.Forward<Float32>(Aten.Data(input), Aten.Data(result), rows, width);
        return GradientNode.Attach(result, [x], new Gradient(input.DetachFromDisposeScope(), rows, width));
    }

    private sealed class Gradient(Tensor input, long rows, int width) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(input);
            if (input.dtype == ScalarType.BFloat16) SwiGluKernel.Backward<BFloat16>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), rows, width);
            else SwiGluKernel.Backward<Float32>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), rows, width);
            return [result];
        }

        public void Dispose() => input.Dispose();
    }
}
