using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>A stretch of a parameter, in the order of its memory, that one rank updates.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="First">Where the stretch begins.</param>
/// <param name="Weights">The stretch, (N): a view of the parameter.</param>
/// <param name="Gradient">Its gradient, (N): a view of a bucket.</param>
internal sealed record ParameterShard(string Name, long First, Tensor Weights, Tensor Gradient) : IDisposable
{
    /// <summary>Views of a parameter and of memory for gradients; the shard owns them.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="first">Where the stretch begins in it.</param>
    /// <param name="gradients">(M).</param>
    /// <param name="place">Where its gradient begins in them.</param>
    /// <param name="count">How long it is.</param>
    public static ParameterShard Of(string name, Parameter parameter, long first, Tensor gradients, long place, long count)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return new ParameterShard(name, first, StretchOf(parameter.detach(), first, count).DetachFromDisposeScope(), gradients.narrow(0, place, count).DetachFromDisposeScope());
    }

    /// <summary>The same stretch of a tensor of the parameter's shape; the caller's dispose scope owns the view.</summary>
    public Tensor In(Tensor whole) => StretchOf(whole, First, Weights.numel());

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        Gradient.Dispose();
    }

    private static Tensor StretchOf(Tensor whole, long first, long count) => whole.view(-1).narrow(0, first, count);
}
