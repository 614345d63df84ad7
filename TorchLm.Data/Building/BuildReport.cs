using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>What was built.</summary>
/// <param name="Folder">The data set's folder.</param>
/// <param name="Manifest">Its <c>dataset.json</c>: documents, bytes and tokens of every split.</param>
/// <param name="Duration">How long it took.</param>
public sealed record BuildReport(string Folder, DatasetManifest Manifest, TimeSpan Duration)
{
    /// <summary>Documents that hold text.</summary>
    public long Documents { get; } = Manifest.Sources.Sum(source => source.Documents);

    /// <summary>Bytes of UTF-8 text.</summary>
    public long Bytes { get; } = Manifest.Sources.Sum(source => source.Bytes);

    /// <summary>Tokens of all splits.</summary>
    public long Tokens { get; } = Manifest.Splits.Values.Sum(split => split.Tokens);

    /// <summary>Bytes of text per token, over all splits: how well the tokenizer compresses.</summary>
    public double BytesPerToken => (double)Bytes / Tokens;
}

/// <summary>How far a build is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Bytes">Bytes of text done in this phase.</param>
/// <param name="TotalBytes">Bytes of text in all; null as long as they are being counted.</param>
public readonly record struct BuildProgress(BuildPhase Phase, long Bytes, long? TotalBytes);

/// <summary>The readings of the text that a build consists of.</summary>
public enum BuildPhase
{
    /// <summary>Counting, checking the encoding, hashing.</summary>
    Reading,

    /// <summary>Making the tokenizer.</summary>
    Tokenizer,

    /// <summary>Encoding and writing shards.</summary>
    Encoding,
}

/// <summary>Settings of a build that rarely change.</summary>
/// <param name="Overwrite">Whether a data set that is in the folder already may be replaced.</param>
/// <param name="MaxTokensPerShard">Tokens after which the next shard begins.</param>
public sealed record BuildOptions(bool Overwrite = false, int MaxTokensPerShard = Shards.TokenShardWriter.DefaultMaxTokens);
