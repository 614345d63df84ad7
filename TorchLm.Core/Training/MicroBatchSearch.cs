namespace TorchLm.Core.Training;

/// <summary>Finds the largest micro-batch whose memory stays within a limit, by trying ever larger ones and looking ahead before each.</summary>
internal static class MicroBatchSearch
{
    /// <summary>The largest of some micro-batches that fits; 0 where none does.</summary>
    /// <param name="sizes">What may be chosen, ascending.</param>
    /// <param name="limit">Bytes that there are.</param>
    /// <param name="constant">Bytes of a trial that are known not to grow with the sequences: the gradients.</param>
    /// <param name="leastPerSequence">Bytes that each sequence takes at least: measurements hide growth into memory that the process had taken before.</param>
    /// <param name="tryOut">Makes a trial of a size and measures the bytes that it took; null where memory ran out.</param>
    public static int Largest(IReadOnlyList<int> sizes, long limit, long constant, long leastPerSequence, Func<int, long?> tryOut)
    {
        int fits = 0;
        double bytes = 0, perSequence = leastPerSequence;
        foreach (int size in sizes)
        {
            // Memory is a constant part and one that grows with the sequences. Before the first trial only the least of the latter is known.
            if (bytes + perSequence * (size - fits) > limit) break;
            if (tryOut(size) is not { } taken || taken > limit) break;
            double slope = fits == 0 ? (double)(taken - constant) / size : (taken - bytes) / (size - fits);
            (fits, bytes, perSequence) = (size, taken, Math.Max(slope, leastPerSequence));
        }
        return fits;
    }
}
