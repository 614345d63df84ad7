namespace TorchLm.Tests.Export;

/// <summary>Comparison of logits.</summary>
internal static class Deviation
{
    /// <summary>The largest difference of two elements.</summary>
    public static double Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            if (!(difference <= largest)) largest = difference; // a NaN too
            if (double.IsNaN(largest)) break;
        }
        return largest;
    }

    /// <summary>Fails where two elements differ by more than the tolerance, or one is no number.</summary>
    public static void AssertWithin(double tolerance, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double deviation = Of(expected, actual);
        Assert.True(deviation <= tolerance, $"Values differ by {deviation:g3}, more than {tolerance:g3}.");
    }
}
