using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>GELU: of its tanh form a kernel of our own on the CPU, libtorch's otherwise.</summary>
internal static unsafe class GeluOperation
{
    /// <summary>Element by element, any shape.</summary>
    /// <param name="x">The input.</param>
    /// <param name="form">The tanh approximation or the exact function.</param>
    public static Tensor Apply(Tensor x, GELU.Approximate form)
    {
        if (form != GELU.Approximate.tanh || !CpuKernels.Serve(CpuKernel.Gelu, x)) return nn.functional.gelu(x, form);
        Tensor input = x.detach().contiguous(), result = empty_like(input);
        if (x.dtype == ScalarType.BFloat16) GeluKernel.Forward<BFloat16>(Aten.Data(input), Aten.Data(result), input.numel());
        else GeluKernel.Forward<Float32>(Aten.Data(input), Aten.Data(result), input.numel());
        return GradientNode.Attach(result, [x], new Gradient(input.DetachFromDisposeScope()));
    }

    private sealed class Gradient(Tensor input) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(input);
            if (input.dtype == ScalarType.BFloat16) GeluKernel.Backward<BFloat16>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), input.numel());
            else GeluKernel.Backward<Float32>(Aten.Data(input), Aten.Data(gradient), Aten.Data(result), input.numel());
            return [result];
        }

        public void Dispose() => input.Dispose();
    }
}
