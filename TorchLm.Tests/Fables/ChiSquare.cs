namespace TorchLm.Tests.Fables;

/// <summary>Pearson's test of counts against probabilities.</summary>
internal static class ChiSquare
{
    /// <summary>
    /// Outcomes expected fewer than five times are taken together. The bound is five standard deviations of the statistic
    /// above its mean: with a fixed seed the test is no lottery, and a wrong weight exceeds it by far.
    /// </summary>
    public static void AssertFits(
        IReadOnlyDictionary<string, int> counts, IReadOnlyDictionary<string, double> probabilities, int draws)
    {
        Assert.Equal(draws, counts.Values.Sum());
        var common = probabilities.Where(p => p.Value * draws >= 5).ToList();
        double statistic = common.Sum(p => Term(counts.GetValueOrDefault(p.Key), p.Value * draws));
        double rareExpected = draws - common.Sum(p => p.Value * draws);
        int rareCount = draws - common.Sum(p => counts.GetValueOrDefault(p.Key));
        int freedom = common.Count - 1;
        if (rareExpected > 5)
        {
            statistic += Term(rareCount, rareExpected);
            freedom++;
        }
        Assert.True(freedom > 10, "too few outcomes to test");
        Assert.True(statistic < freedom + 5 * Math.Sqrt(2.0 * freedom),
            $"chi-square {statistic:F1} with {freedom} degrees of freedom");
    }

    private static double Term(double count, double expected) => (count - expected) * (count - expected) / expected;
}
