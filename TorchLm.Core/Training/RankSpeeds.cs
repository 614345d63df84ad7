namespace TorchLm.Core.Training;

/// <summary>How fast each rank computes its own part of a step, without waiting for the others.</summary>
/// <param name="Milliseconds">A step's, by rank.</param>
/// <param name="Tokens">A step's of all ranks.</param>
public sealed record RankSpeeds(IReadOnlyList<double> Milliseconds, long Tokens)
{
    /// <summary>The rank that takes longest.</summary>
    public int Slowest => Enumerable.Range(0, Milliseconds.Count).MaxBy(rank => Milliseconds[rank]);

    /// <summary>The slowest rank's time for a step.</summary>
    public double SlowestMilliseconds => Milliseconds.Max();

    /// <summary>The fastest rank's time for a step.</summary>
    public double FastestMilliseconds => Milliseconds.Min();

    /// <summary>What the slowest rank would process alone, of its share of the tokens.</summary>
    public double SlowestTokensPerSecond => Tokens / (double)Milliseconds.Count / SlowestMilliseconds * 1000;

    /// <summary>What the fastest rank would process alone.</summary>
    public double FastestTokensPerSecond => Tokens / (double)Milliseconds.Count / FastestMilliseconds * 1000;

    /// <summary>The rank that takes more than <paramref name="factor"/> times the median, the lower one of an even number; null where none does.</summary>
    /// <param name="factor">At least 1; 0 asks for none.</param>
    public int? Straggler(double factor)
    {
        double median = Milliseconds.Order().ElementAt((Milliseconds.Count - 1) / 2);
        return factor > 0 && SlowestMilliseconds > factor * median ? Slowest : null;
    }
}
