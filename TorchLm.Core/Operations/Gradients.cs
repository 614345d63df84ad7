using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>Adds to the <c>grad</c> of parameters, which are float32 whatever products were computed in.</summary>
internal static class Gradients
{
    /// <summary>The parameter's gradient to add to, zeros where there was none. The wrapper belongs to the current scope.</summary>
    public static Tensor Accumulator(Tensor parameter)
    {
        if (parameter.grad is { } existing) return existing;
        Tensor fresh = zeros_like(parameter, requires_grad: false);
        parameter.grad = fresh;
        return fresh;
    }
}
