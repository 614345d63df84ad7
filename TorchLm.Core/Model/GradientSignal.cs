using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// A place in the autograd graph that tells when the backward pass comes through it. libtorch runs what was computed last first, and adds to
/// parameters' gradients at once, so that whatever was computed after this place has its gradients by then.
/// </summary>
internal sealed class GradientSignal : IGradient
{
    private readonly Action _onBackward;

    private GradientSignal(Action onBackward) => _onBackward = onBackward;

    /// <summary>Puts it behind a tensor.</summary>
    /// <param name="x">Any shape; the caller keeps it.</param>
    /// <param name="onBackward">Called once, on the thread of the backward pass, where <paramref name="x"/> has a gradient to get.</param>
    /// <returns>The same values to go on with, which the caller owns.</returns>
    public static Tensor Behind(Tensor x, Action onBackward)
    {
        Tensor same;
        using (no_grad()) same = x.detach();
        return GradientNode.Attach(same, [x], new GradientSignal(onBackward));
    }

    /// <inheritdoc/>
    public Tensor?[] Backward(Tensor outputGradient)
    {
        _onBackward();
        return [outputGradient.alias()];
    }

    /// <summary>Nothing is held.</summary>
    public void Dispose()
    {
    }
}
