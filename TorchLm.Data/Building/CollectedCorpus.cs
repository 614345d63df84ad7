using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;

namespace TorchLm.Data.Building;

/// <summary>What is known of the documents that are left after reading and cleaning.</summary>
/// <param name="Sources">Sums by source, in the order of their first document.</param>
/// <param name="Documents">How many documents.</param>
/// <param name="Characters">Unicode characters in all of them.</param>
/// <param name="Bytes">Bytes of UTF-8 text in all of them.</param>
/// <param name="SmallestKey">The smallest of the numbers that decide the documents' splits.</param>
/// <param name="LargestKey">The largest of them.</param>
/// <param name="Preparation">What reading and cleaning did.</param>
/// <param name="Removed">Numbers of documents that were stored before it was found that they are not wanted.</param>
internal sealed record CollectedCorpus(
    IReadOnlyList<SourceEntry> Sources, long Documents, long Characters, long Bytes, ulong SmallestKey, ulong LargestKey, PreparationEntry Preparation,
    IReadOnlyList<long> Removed)
{
    /// <summary>The number in [0, 2^64) that decides a document's split.</summary>
    public static ulong KeyOf(UInt128 hash, long seed) => SeededHash.Of((ulong)seed, (ulong)(hash >> 64), (ulong)hash);
}
