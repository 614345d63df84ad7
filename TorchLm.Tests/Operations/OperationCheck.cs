using static TorchSharp.torch;

namespace TorchLm.Tests.Operations;

/// <summary>Values and gradients of an operation of our own against a reference in double precision.</summary>
internal static class OperationCheck
{
    public delegate Tensor Operation(Tensor[] inputs);

    public static ScalarType TypeOf(string precision) => precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32;

    public static Tensor Normal(int seed, double deviation, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator).mul(deviation);
    }

    /// <summary>The same inputs through the operation and, in double precision, through the reference; the output's gradient is drawn.</summary>
    public static void Compare(string precision, Tensor[] inputs, Operation operation, Operation reference, ScalarType? outputType = null)
    {
        using var scope = NewDisposeScope();
        foreach (Tensor input in inputs)
        {
            input.grad = null;
            input.requires_grad_(true);
        }
        Tensor[] exact = [.. inputs.Select(i => i.detach().to(ScalarType.Float64).requires_grad_(true))];
        Tensor y = operation(inputs), expected = reference(exact);
        Assert.Equal(outputType ?? inputs[0].dtype, y.dtype);
        Tensor gradient = Normal(9, 1, y.shape).to(y.dtype);
        y.backward([gradient]);
        expected.backward([gradient.to(ScalarType.Float64)]);
        double tolerance = precision == "bf16" ? 8e-3 : 2e-6;
        Near("value", y, expected, tolerance);
        for (int i = 0; i < inputs.Length; i++) Near($"gradient {i}", inputs[i].grad!, exact[i].grad!, tolerance);
    }

    /// <summary>The largest error is small beside the largest value.</summary>
    private static void Near(string what, Tensor actual, Tensor expected, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double error = actual.detach().to(ScalarType.Float64).sub(expected.detach()).abs().max().item<double>();
        double scale = expected.abs().max().item<double>();
        Assert.True(error <= tolerance * Math.Max(scale, 1e-3), $"{what}: off by {error:g3} where values reach {scale:g3}");
    }
}
