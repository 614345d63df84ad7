using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>How documents are divided between the splits.</summary>
public sealed class SplitRule
{
    /// <summary>The validation split's share unless told otherwise: a tenth, as in nanoGPT.</summary>
    public const double DefaultValFraction = 0.1;

    private SplitRule(double? valFraction, double? testFraction, long? seed, Func<long, string>? splitOf) =>
        (ValFraction, TestFraction, Seed, SplitOf) = (valFraction, testFraction, seed, splitOf);

    /// <summary>The share asked for the validation split; null where the caller divides.</summary>
    public double? ValFraction { get; }

    /// <summary>The share asked for the test split; null where there is none.</summary>
    public double? TestFraction { get; }

    /// <summary>The seed of the documents' hashes; null where the caller divides.</summary>
    public long? Seed { get; }

    internal Func<long, string>? SplitOf { get; }

    internal double HeldOutFraction => (ValFraction ?? 0) + (TestFraction ?? 0);

    /// <summary>
    /// Several documents are divided by a hash of each one's text and the seed: a document keeps its side when others are added, and equal texts are
    /// never on both sides. Of two or more documents at least one is on each side. A single document is divided by position, as nanoGPT does: its last
    /// characters are the validation split, followed by the test split.
    /// </summary>
    /// <param name="valFraction">The validation split's share, of documents or of characters, in [0, 1); 0 makes no such split.</param>
    /// <param name="seed">Another seed, another division.</param>
    /// <param name="testFraction">The test split's share; together with the validation split's less than 1.</param>
    /// <exception cref="InputException">A share is not in [0, 1).</exception>
    public static SplitRule ByFraction(double valFraction = DefaultValFraction, long seed = 1337, double testFraction = 0)
    {
        Require(valFraction, "validation");
        Require(testFraction, "test");
        if (valFraction + testFraction >= 1)
        {
            throw new InputException($"The shares of the validation and test splits are {valFraction} and {testFraction}, which leave nothing for training: " +
                "0.1 and 0.1 keep a tenth each.");
        }
        return new SplitRule(valFraction, testFraction == 0 ? null : testFraction, seed, null);
    }

    /// <summary>The caller divides.</summary>
    /// <param name="splitOf">
    /// The split of the document with this number (from 0, in the order given): one of <see cref="SplitNames"/>; the same at every call.
    /// </param>
    public static SplitRule Explicit(Func<long, string> splitOf) => new(null, null, null, splitOf);

    private static void Require(double fraction, string split)
    {
        if (fraction is >= 0 and < 1) return;
        throw new InputException($"The {split} split's share is {fraction}, but must be at least 0 and less than 1: 0.1 keeps a tenth.");
    }
}
