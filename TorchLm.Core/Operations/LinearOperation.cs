using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>
/// y = x·Wᵀ + b, computed in x's type with float32 master weights: W and b are given in both, and gradients go straight into the masters' float32
/// <c>grad</c> (mixed-precision training, Micikevicius et al. 2018).
/// </summary>
internal static unsafe class LinearOperation
{
    /// <summary>(…, in) to (…, out).</summary>
    /// <param name="x">The input.</param>
    /// <param name="weight">W (out, in).</param>
    /// <param name="bias">b (out), or null.</param>
    public static Tensor Apply(Tensor x, MasterWeight weight, MasterWeight? bias)
    {
        Tensor input = x.detach(), w = weight.As(x.dtype);
        Tensor result;
        using (no_grad()) result = nn.functional.linear(input, w, bias?.As(x.dtype));
        return GradientNode.Attach(result, bias is null ? [x, weight.Value] : [x, weight.Value, bias.Value],
            new Gradient(input.DetachFromDisposeScope(), w, weight, bias?.Value));
    }

    /// <summary>The copy of the weights is kept by its owner and does not change before the backward pass.</summary>
    private sealed class Gradient(Tensor input, Tensor weight, MasterWeight master, Tensor? bias) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor g = outputGradient.reshape(-1, weight.shape[0]), x = input.reshape(-1, weight.shape[1]);
            Tensor inputGradient = g.mm(weight).view(input.shape);
            master.AddGradient(g, x);
            if (bias is null) return [inputGradient, null];
            AddColumnSums(bias, g);
            return [inputGradient, null, null];
        }

        public void Dispose() => input.Dispose();

        private static void AddColumnSums(Tensor bias, Tensor g)
        {
            Tensor sums = Gradients.Accumulator(bias);
            int columns = (int)g.shape[1];
            if (!CpuKernels.Serve(CpuKernel.Bias, g) || columns % 16 != 0) sums.Accumulate(g.sum(0, type: ScalarType.Float32));
            else if (g.dtype == ScalarType.BFloat16) ColumnSumKernel.Add<BFloat16>(Aten.Data(g.contiguous()), (float*)Aten.Data(sums), g.shape[0], columns);
            else ColumnSumKernel.Add<Float32>(Aten.Data(g.contiguous()), (float*)Aten.Data(sums), g.shape[0], columns);
        }
    }
}
