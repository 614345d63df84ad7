using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>Test values, and how far two results are apart.</summary>
internal static class DeviceCheckNumbers
{
    /// <summary>Standard normal values (Box and Muller 1958), float64 on the CPU.</summary>
    public static Tensor Normal(Random random, params long[] shape) => tensor(NormalValues(random, shape.Aggregate(1L, (a, b) => a * b), 0, 1), shape);

    /// <summary>Normal values around <paramref name="mean"/>.</summary>
    public static double[] NormalValues(Random random, long count, double mean, double deviation)
    {
        var values = new double[count];
        for (long i = 0; i < count; i++)
        {
            values[i] = mean + deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }
        return values;
    }

    /// <summary>Uniform ids below <paramref name="vocabulary"/>, int64 (B, T) on the CPU.</summary>
    public static Tensor Ids(Random random, int vocabulary, long rows, long length) =>
        tensor([.. Enumerable.Range(0, (int)(rows * length)).Select(_ => random.NextInt64(vocabulary))], [rows, length]);

    /// <summary>All elements in row-major order, whatever type and device.</summary>
    public static double[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    /// <summary>The largest difference relative to the largest expected magnitude.</summary>
    public static double RelativeError(double[] actual, double[] expected)
    {
        if (actual.Length != expected.Length) return double.NaN;
        double difference = 0, magnitude = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!double.IsFinite(actual[i])) return double.NaN;
            difference = Math.Max(difference, Math.Abs(actual[i] - expected[i]));
            magnitude = Math.Max(magnitude, Math.Abs(expected[i]));
        }
        return magnitude == 0 ? difference : difference / magnitude;
    }

    /// <summary>The same of two tensors.</summary>
    public static double RelativeError(Tensor actual, Tensor expected) => RelativeError(Values(actual), Values(expected));

    /// <summary>How many values are not the same to the last bit.</summary>
    public static CheckOutcome Same(double[] actual, double[] expected)
    {
        int different = actual.Length == expected.Length ? 0 : Math.Max(actual.Length, expected.Length);
        for (int i = 0; i < Math.Min(actual.Length, expected.Length); i++)
        {
            if (BitConverter.DoubleToInt64Bits(actual[i]) != BitConverter.DoubleToInt64Bits(expected[i])) different++;
        }
        return new CheckOutcome(different, 0, $"{different:N0} of {expected.Length:N0} values differ");
    }
}
