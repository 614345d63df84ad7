using TorchLm.Core.Training;

namespace TorchLm.Tests.Support;

/// <summary>
/// Batches that follow from their number alone. A token is three times the one before plus noise, so that there is something to learn.
/// </summary>
internal sealed class RandomBatches(int batchSize, int length, int vocabulary) : IBatchSource
{
    /// <summary>Is told each batch's number just before the batch is made.</summary>
    public Action<long>? OnGet { get; init; }

    /// <summary>Numbers of all batches that were asked for.</summary>
    public List<long> Asked { get; } = [];

    public int BatchSize => batchSize;

    public int ContextLength => length;

    public Batch GetBatch(long index)
    {
        OnGet?.Invoke(index);
        Asked.Add(index);
        return Make(index, batchSize, length, vocabulary);
    }

    public static Batch Make(long index, int batchSize, int length, int vocabulary)
    {
        var random = new Random((int)index);
        long[][] rows = [.. Enumerable.Range(0, batchSize).Select(_ => Row(random, length + 1, vocabulary))];
        return new Batch(TinyGpt.Ids([.. rows.Select(r => r[..^1])]), TinyGpt.Ids([.. rows.Select(r => r[1..])]));
    }

    public void Dispose()
    {
        // Nothing is held.
    }

    private static long[] Row(Random random, int length, int vocabulary)
    {
        var row = new long[length];
        row[0] = random.Next(vocabulary);
        for (int i = 1; i < length; i++) row[i] = random.Next(5) == 0 ? random.Next(vocabulary) : (3 * row[i - 1] + 1) % vocabulary;
        return row;
    }
}
