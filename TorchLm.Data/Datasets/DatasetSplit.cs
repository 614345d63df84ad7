using TorchLm.Core;

namespace TorchLm.Data.Datasets;

/// <summary>One split of a data set: its shards in order, and what is known about its text.</summary>
/// <param name="Name"><c>train</c>, <c>val</c> or <c>test</c>.</param>
/// <param name="Folder">The data set's folder.</param>
/// <param name="Shards">The files with their token counts.</param>
/// <param name="Documents">Number of documents; null where there is no <c>dataset.json</c>.</param>
/// <param name="Bytes">Bytes of UTF-8 text; null where there is no <c>dataset.json</c>.</param>
/// <param name="EntropyNats">The text's entropy in nats, in total, where its source knows it.</param>
/// <param name="Mixture">The sources of a mixture, in the order of their shards; null where the split is none.</param>
public sealed record DatasetSplit(
    string Name, string Folder, IReadOnlyList<SplitShard> Shards, long? Documents, long? Bytes, double? EntropyNats,
    IReadOnlyList<SplitSource>? Mixture = null)
{
    /// <summary>Number of tokens.</summary>
    public long Tokens { get; } = Shards.Sum(shard => shard.Tokens);

    /// <summary>
    /// Bytes of text per token, which turns nats per token into bits per byte (divide by it and by ln 2); null where bytes are
    /// unknown.
    /// </summary>
    public double? BytesPerToken => (double?)Bytes / Tokens;

    /// <summary>
    /// Checks that at least one window of a model's context and the token after it fits into one of the shards.
    /// </summary>
    /// <exception cref="InputException">None does.</exception>
    public void RequireWindow(int contextLength)
    {
        long longest = Shards.Max(shard => shard.Tokens);
        if (longest > contextLength) return;
        string has = Shards.Count == 1 ? $"has {longest} tokens" : $"has at most {longest} tokens in a shard";
        throw new InputException($"The {Name} split of '{Folder}' {has}, but one window " +
            $"needs {contextLength + 1L} (a context of {contextLength} and the token after it): give more text or a smaller " +
            "context length.");
    }
}

/// <summary>A shard of a split.</summary>
/// <param name="Path">The file.</param>
/// <param name="Tokens">Number of tokens.</param>
public sealed record SplitShard(string Path, long Tokens);

/// <summary>A source of a mixture: some shards of a split that follow each other.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Share">Its share of the samples that training reads; those of all sources sum to 1.</param>
/// <param name="FirstShard">The number of its first shard within the split, from 0.</param>
/// <param name="ShardCount">How many shards it has.</param>
public sealed record SplitSource(string Name, double Share, int FirstShard, int ShardCount);
