using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>
/// Looks rows up. On the CPU their gradients are added to the table's <c>grad</c> row by row; libtorch makes a table of zeros first, adds to that, and
/// that to the gradient, which for a vocabulary of 50,000 is a tenth of a second each step.
/// </summary>
/// <remarks>On CUDA libtorch's way stays: it sorts the ids, so that sums come out the same each time, which adding by atomic operations does not.</remarks>
internal static class EmbeddingOperation
{
    /// <summary>Ids (…) int64 to rows (…, C) of <paramref name="weight"/> (V, C).</summary>
    public static Tensor Apply(Tensor weight, Tensor ids)
    {
        if (!CpuKernels.Serve(CpuKernel.Embedding, weight)) return Aten.Embedding(weight, ids);
        Tensor rows;
        using (no_grad()) rows = Aten.Embedding(weight, ids);
        return GradientNode.Attach(rows, [weight], new Gradient(weight, ids.detach().DetachFromDisposeScope()));
    }

    private sealed class Gradient(Tensor weight, Tensor ids) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Gradients.Accumulator(weight).AddRows(ids.reshape(-1), outputGradient.reshape(-1, weight.shape[1]));
            return [null];
        }

        public void Dispose() => ids.Dispose();
    }
}
