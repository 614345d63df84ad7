namespace TorchLm.Core.Training;

/// <summary>What connects each rank with the next one in a ring.</summary>
/// <param name="BytesPerSecond">That it carries in one direction.</param>
/// <param name="LatencySeconds">From the beginning of a message to its arrival, its bytes not counted.</param>
/// <remarks>
/// In a ring of N ranks a tensor is cut into N pieces, which go round: N - 1 messages of a piece each until every rank has the sum of one piece
/// (reduce-scatter), and N - 1 more until every rank has all of them (all-gather). All-reduce is the one after the other (Patarasu and Yuan 2009).
/// </remarks>
public sealed record RankLink(double BytesPerSecond, double LatencySeconds)
{
    /// <summary>Seconds of a sum of which each rank gets its part: (N - 1) / N · bytes / bandwidth + (N - 1) · latency.</summary>
    /// <param name="bytes">The whole tensor's.</param>
    /// <param name="ranks">N.</param>
    public double ReduceScatterSeconds(long bytes, int ranks) => (ranks - 1) * (((double)bytes / ranks / BytesPerSecond) + LatencySeconds);

    /// <summary>Seconds until each rank has the parts of all: as many as for a reduce-scatter.</summary>
    /// <param name="bytes">The whole tensor's.</param>
    /// <param name="ranks">N.</param>
    public double AllGatherSeconds(long bytes, int ranks) => ReduceScatterSeconds(bytes, ranks);

    /// <summary>Seconds of a sum that each rank gets whole: 2(N - 1) / N · bytes / bandwidth + 2(N - 1) · latency.</summary>
    /// <param name="bytes">The whole tensor's.</param>
    /// <param name="ranks">N.</param>
    public double AllReduceSeconds(long bytes, int ranks) => ReduceScatterSeconds(bytes, ranks) + AllGatherSeconds(bytes, ranks);
}
