namespace TorchLm.Core.Training;

/// <summary>
/// The exponentially weighted mean and variance of the losses so far (West 1979), which says how unusual the next one is. Losses fall as a model learns, so
/// what lies further back than a few hundred steps must not count.
/// </summary>
public sealed record LossTrend
{
    /// <summary>Steps over which a loss's weight falls to 1/e.</summary>
    private const double Horizon = 128;

    /// <summary>Losses before which nothing is called unusual.</summary>
    private const int Least = 64;

    /// <summary>Losses that were taken in.</summary>
    public long Count { get; init; }

    /// <summary>Their weighted mean, in nats per token.</summary>
    public double Mean { get; init; }

    /// <summary>Their weighted variance.</summary>
    public double Variance { get; init; }

    /// <summary>
    /// How many standard deviations a loss lies above the mean of those before it; null while there are too few, or where they do not differ at all.
    /// </summary>
    public double? ScoreOf(double loss) => Count < Least || Variance <= 0 ? null : (loss - Mean) / Math.Sqrt(Variance);

    /// <summary>The trend with another loss, which must be finite. The first ones weigh the same, as in a plain mean.</summary>
    public LossTrend With(double loss)
    {
        double weight = Math.Max(1 / (Count + 1.0), 1 / Horizon), difference = loss - Mean;
        return new LossTrend
        {
            Count = Count + 1,
            Mean = Mean + (weight * difference),
            Variance = (1 - weight) * (Variance + (weight * difference * difference)),
        };
    }
}
