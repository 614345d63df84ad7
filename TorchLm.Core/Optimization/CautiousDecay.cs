using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Weight decay that does not work against the update (Chen et al. 2025, "Cautious Weight Decay"): a weight decays only where the update does not
/// move it away from zero.
/// </summary>
internal static class CautiousDecay
{
    /// <summary>
    /// The weights where update · weight ≥ 0 and 0 elsewhere, for an update that is subtracted from them. The caller owns the result.
    /// </summary>
    public static Tensor Of(Tensor weights, Tensor update)
    {
        using var scope = NewDisposeScope();
        Tensor disagrees = update.sign().mul(weights.sign()).neg().relu(); // 1 or 0
        return weights.Minus(weights.mul(disagrees)).MoveToOuterDisposeScope();
    }
}
