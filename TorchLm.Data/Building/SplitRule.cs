using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>How documents are divided between the splits.</summary>
public sealed class SplitRule
{
    /// <summary>The validation split's share unless told otherwise: a tenth, as in nanoGPT.</summary>
    public const double DefaultValFraction = 0.1;

    private SplitRule(double? valFraction, long? seed, Func<long, string>? splitOf) =>
        (ValFraction, Seed, SplitOf) = (valFraction, seed, splitOf);

    /// <summary>The share asked for the validation split; null where the caller divides.</summary>
    public double? ValFraction { get; }

    /// <summary>The seed of the documents' hashes; null where the caller divides.</summary>
    public long? Seed { get; }

    internal Func<long, string>? SplitOf { get; }

    /// <summary>
    /// Several documents are divided by a hash of each one's text and the seed: a document keeps its side when others are added,
    /// and equal texts are never on both sides. Of two or more documents at least one is on each side. A single document is
    /// divided by position, as nanoGPT does: its last characters are the validation split.
    /// </summary>
    /// <param name="valFraction">
    /// The validation split's share, of documents or of characters, in [0, 1); 0 makes no such split.
    /// </param>
    /// <param name="seed">Another seed, another division.</param>
    /// <exception cref="InputException">The share is not in [0, 1).</exception>
    public static SplitRule ByFraction(double valFraction = DefaultValFraction, long seed = 1337)
    {
        if (valFraction is >= 0 and < 1) return new SplitRule(valFraction, seed, null);
        throw new InputException($"The validation split's share is {valFraction}, but must be at least 0 and less than 1: 0.1 " +
            "keeps a tenth.");
    }

    /// <summary>The caller divides.</summary>
    /// <param name="splitOf">
    /// The split of the document with this number (from 0, in the order given): one of <see cref="SplitNames"/>; the same at
    /// every call.
    /// </param>
    public static SplitRule Explicit(Func<long, string> splitOf) => new(null, null, splitOf);
}
