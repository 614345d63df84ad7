namespace TorchLm.Data.Building;

/// <summary>How far a build is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Bytes">Bytes of text done in this phase.</param>
/// <param name="Share">Share of the phase that is done, in [0, 1]; null where nobody knows.</param>
/// <param name="Tokens">Tokens written so far.</param>
public readonly record struct BuildProgress(BuildPhase Phase, long Bytes, double? Share, long Tokens);

/// <summary>The passes over the text that a build consists of.</summary>
public enum BuildPhase
{
    /// <summary>Reading, cleaning and storing documents.</summary>
    Reading,

    /// <summary>Making the tokenizer.</summary>
    Tokenizer,

    /// <summary>Encoding and writing shards.</summary>
    Encoding,
}
