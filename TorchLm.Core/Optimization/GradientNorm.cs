using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>The gradient's global L2 norm and the scale that clips it (Pascanu et al. 2013), both left on the device.</summary>
public static class GradientNorm
{
    /// <summary>The L2 norm over all elements of all gradients: a float32 scalar that the caller owns.</summary>
    public static Tensor Of(IEnumerable<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        Tensor norms = stack(gradients.Select(g => g.norm()));
        return norms.norm().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What gradients must be divided by so that their norm is at most <paramref name="maximum"/>: max(1, norm / maximum), a scalar that the caller
    /// owns. Dividing happens inside the fused optimiser, which saves a pass over all gradients.
    /// </summary>
    public static Tensor ClipDivisor(Tensor norm, double maximum)
    {
        using var scope = NewDisposeScope();
        return norm.DividedBy(maximum).AtLeast(1).MoveToOuterDisposeScope();
    }
}
