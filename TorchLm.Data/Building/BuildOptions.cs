namespace TorchLm.Data.Building;

/// <summary>Settings of a build that rarely change.</summary>
/// <param name="Overwrite">Whether a data set that is in the folder already may be replaced.</param>
/// <param name="MaxTokensPerShard">Tokens after which the next shard begins.</param>
/// <param name="Threads">Threads to work with; 0 is one for each processor. The result does not depend on it.</param>
/// <param name="Request">
/// Everything that the result depends on, in words of the caller's: a build that is stopped keeps what it did, and another with the same request goes
/// on with it. Null keeps nothing.
/// </param>
/// <param name="ShareRead">Asked for the share of the input that has been read, in [0, 1]; null where nobody knows.</param>
/// <param name="Mixture">How often each source is to be met in training; null takes each as often as it has tokens.</param>
public sealed record BuildOptions(
    bool Overwrite = false, int MaxTokensPerShard = Shards.TokenShardWriter.DefaultMaxTokens, int Threads = 0, string? Request = null,
    Func<double>? ShareRead = null, Mixture? Mixture = null)
{
    /// <summary>What is done to documents before they are encoded; by default nothing.</summary>
    public PreparationOptions Preparation { get; init; } = PreparationOptions.None;
}
