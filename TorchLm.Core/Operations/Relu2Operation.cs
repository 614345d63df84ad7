using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>max(0, x)² (So et al. 2021): a kernel of our own on the CPU, libtorch's operations otherwise.</summary>
internal static unsafe class Relu2Operation
{
    /// <summary>Element by element, any shape.</summary>
    public static Tensor Apply(Tensor x)
    {
        if (!CpuKernels.Serve(CpuKernel.Relu2, x)) return x.relu().Squared();
        Tensor input = x.detach().contiguous(), result = empty_like(input);
        if (x.dtype == ScalarType.BFloat16) Relu2Kernel.Forward<BFloat16>(Aten.Data(input), Aten.Data(result), input.numel());
        else Relu2Kernel.Forward<Float32>(Aten.Data(input), Aten.Data(result), input.numel());
        return GradientNode.Attach(result, [x], new Gradient(input.DetachFromDisposeScope()));
    }

    private sealed class Gradient(Tensor input) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(input);
            if (input.dtype == ScalarType.BFloat16) Relu2Kernel.Backward<BFloat16>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), input.numel());
            else Relu2Kernel.Backward<Float32>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), input.numel());
            return [result];
        }

        public void Dispose() => input.Dispose();
    }
}
