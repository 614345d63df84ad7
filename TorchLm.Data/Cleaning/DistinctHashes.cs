using System.Runtime.InteropServices;

namespace TorchLm.Data.Cleaning;

/// <summary>A document's digest: hashes in ascending order, each once.</summary>
internal static class DistinctHashes
{
    public static ulong[] Of(List<ulong> hashes)
    {
        Span<ulong> sorted = CollectionsMarshal.AsSpan(hashes);
        sorted.Sort();
        int distinct = 0;
        for (int i = 0; i < sorted.Length; i++)
            if (i == 0 || sorted[i] != sorted[i - 1]) sorted[distinct++] = sorted[i];
        return sorted[..distinct].ToArray();
    }
}
