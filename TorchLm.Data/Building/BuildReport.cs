using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>What was built.</summary>
/// <param name="Folder">The data set's folder.</param>
/// <param name="Manifest">Its <c>dataset.json</c>: documents, bytes and tokens of every split.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Phases">How long each phase took; next to nothing where an earlier build had done it.</param>
/// <param name="Continued">Whether it went on with what an earlier build had done.</param>
public sealed record BuildReport(string Folder, DatasetManifest Manifest, TimeSpan Duration, IReadOnlyDictionary<BuildPhase, TimeSpan> Phases,
    bool Continued)
{
    /// <summary>Documents that hold text.</summary>
    public long Documents { get; } = Manifest.Sources.Sum(source => source.Documents);

    /// <summary>Bytes of UTF-8 text.</summary>
    public long Bytes { get; } = Manifest.Sources.Sum(source => source.Bytes);

    /// <summary>Tokens of all splits.</summary>
    public long Tokens { get; } = Manifest.Splits.Values.Sum(split => split.Tokens);

    /// <summary>
    /// A sentence for the user where the validation split's share is far from what was asked for (few documents divide coarsely); else null.
    /// </summary>
    public string? SplitNote
    {
        get
        {
            if (Manifest.SplitRule.Kind == "position" || Manifest.SplitRule.ValFraction is not { } asked || asked == 0) return null;
            double share = Manifest.Splits.TryGetValue(SplitNames.Val, out SplitEntry? val) ? (double)val.Tokens / Tokens : 0;
            if (share >= asked / 2 && share <= asked * 2) return null;
            return $"The validation split holds {100 * share:0.#} % of the tokens instead of {100 * asked:0.#} %, because whole documents are divided and there are " +
                $"only {Documents:N0} of them: join them into one file to divide by position.";
        }
    }

    /// <summary>Bytes of text per token, over all splits: how well the tokenizer compresses.</summary>
    public double BytesPerToken => (double)Bytes / Tokens;
}

