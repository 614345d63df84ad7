namespace TorchLm.Core.Distributed;

/// <summary>An engine reports an error in an operation that ranks do together. The job cannot go on.</summary>
public class CollectiveException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="operation">What was done, in words: "all-reduce of 1,000 elements".</param>
    /// <param name="rank">The rank that the error is reported to.</param>
    /// <param name="reason">What the engine says.</param>
    public CollectiveException(string operation, int rank, string reason) : base($"The {operation} failed on rank {rank}: {reason}")
    {
        Operation = operation;
        Rank = rank;
    }

    /// <summary>Creates the exception with a whole message.</summary>
    /// <param name="message">A sentence.</param>
    /// <param name="operation">What was done, in words.</param>
    /// <param name="rank">The rank that it happened on.</param>
    private protected CollectiveException(string message, string operation, int rank) : base(message)
    {
        Operation = operation;
        Rank = rank;
    }

    /// <summary>What was done, in words.</summary>
    public string Operation { get; }

    /// <summary>The rank that the error is reported to.</summary>
    public int Rank { get; }
}
