namespace TorchLm.Core.Distributed;

/// <summary>
/// An operation that ranks do together took longer than <see cref="ICollective.Patience"/>: some rank has ended, hangs or cannot be reached.
/// </summary>
public sealed class CollectiveTimeoutException : CollectiveException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="operation">What was waited for, in words.</param>
    /// <param name="rank">The rank that waited.</param>
    /// <param name="patience">How long it did.</param>
    /// <param name="suspect">Who is to blame, in words, where that is known: "rank 2 on node7".</param>
    public CollectiveTimeoutException(string operation, int rank, TimeSpan patience, string? suspect = null)
        : base(
            $"Rank {rank} waited {patience.TotalSeconds:0.###} s for the {operation}: " +
                $"{suspect ?? "another rank"} has ended, hangs or cannot be reached.",
            operation, rank) =>
        Patience = patience;

    /// <summary>How long was waited.</summary>
    public TimeSpan Patience { get; }
}
