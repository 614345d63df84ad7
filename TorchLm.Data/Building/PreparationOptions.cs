using TorchLm.Data.Cleaning;
using TorchLm.Data.Deduplication;

namespace TorchLm.Data.Building;

/// <summary>What is done to documents before they are encoded.</summary>
/// <param name="Steps">Cleaning, in this order.</param>
/// <param name="ExactDuplicates">Whether a document that has been seen is removed.</param>
/// <param name="NearDuplicates">How alike one that has been seen a document may be; null does not look.</param>
public sealed record PreparationOptions(IReadOnlyList<ICleaningStep> Steps, bool ExactDuplicates = false, NearDuplicateOptions? NearDuplicates = null)
{
    /// <summary>What reports call the removal of equal documents.</summary>
    public const string ExactDuplicatesName = "exact-duplicates";

    /// <summary>What reports call the removal of similar documents.</summary>
    public const string NearDuplicatesName = "near-duplicates";

    /// <summary>The documents as they are.</summary>
    public static PreparationOptions None { get; } = new([]);
}
