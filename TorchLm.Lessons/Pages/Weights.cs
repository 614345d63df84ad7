using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Lessons.Pages;

/// <summary>What learns in a lesson: tensors of float64 with gradients, and what is done with all of them at once.</summary>
internal static class Weights
{
    private const double DifferenceStep = 1e-5;

    /// <summary>A weight that begins with these values. The dispose scope owns it.</summary>
    public static Tensor New(Tensor values) => values.detach().clone().requires_grad_();

    /// <summary>A row of biases that begin at 0.</summary>
    public static Tensor Zeros(long columns) => zeros([1, columns], ScalarType.Float64, requires_grad: true);

    /// <summary>Gradient descent: moves each weight by its gradient times the rate, downhill, and forgets the gradients.</summary>
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

    /// <summary>The numbers of one tensor, row by row.</summary>
    public static double[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().contiguous().to(ScalarType.Float64).data<double>().ToArray();
    }

    /// <summary>All numbers in a row.</summary>
    public static double[] Values(IEnumerable<Tensor> weights) => [.. weights.SelectMany(Values)];

    /// <summary>Writes all numbers back.</summary>
    public static void Set(IEnumerable<Tensor> weights, double[] values)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int start = 0;
        foreach (Tensor weight in weights)
        {
            int count = (int)weight.numel();
            weight.copy_(tensor(values[start..(start + count)], weight.shape));
            start += count;
        }
    }

    /// <summary>The gradient of a loss by autograd, as numbers in a row.</summary>
    public static (double Loss, double[] Gradient) Gradient(IReadOnlyCollection<Tensor> weights, Func<Tensor> loss)
    {
        using var scope = NewDisposeScope();
        Tensor result = loss();
        result.backward();
        double[] gradient = [.. weights.SelectMany(w => Values(w.grad!))];
        foreach (Tensor weight in weights) weight.grad = null;
        return (result.item<double>(), gradient);
    }

    /// <summary>The same by central differences: each number a little up and a little down.</summary>
    public static double[] Differences(IReadOnlyCollection<Tensor> weights, Func<Tensor> loss)
    {
        double[] values = Values(weights);
        double At(int i, double change)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            double[] moved = [.. values];
            moved[i] += change;
            Set(weights, moved);
            return loss().item<double>();
        }
        double[] differences = [.. values.Select((_, i) => (At(i, DifferenceStep) - At(i, -DifferenceStep)) / (2 * DifferenceStep))];
        Set(weights, values);
        return differences;
    }
}
