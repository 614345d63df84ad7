using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Lessons.Pages;

/// <summary>Gradient descent, as the lesson `neuron` explains it.</summary>
internal static class Descent
{
    /// <summary>Moves each weight by its gradient times the rate, downhill, and forgets the gradients.</summary>
    public static void Step(double rate, params ReadOnlySpan<Tensor> weights)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (Tensor weight in weights)
        {
            weight.Reduce(weight.grad!.Times(rate));
            weight.grad = null;
        }
    }

    /// <summary>A tensor that learns: a copy of values, which the scope owns.</summary>
    public static Tensor Weight(Tensor values) => values.detach().clone().requires_grad_();
}
