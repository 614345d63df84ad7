namespace TorchLm.Data.Building;

/// <summary>Work on several threads whose results come in the order of the items, so that nothing depends on how many threads there are.</summary>
internal static class OrderedParallel
{
    /// <summary>
    /// Applies <paramref name="work"/> to each item. Items are drawn, and results handed out, on the caller's thread; no more than two items a thread are
    /// under way, so that memory does not grow with their number.
    /// </summary>
    public static IEnumerable<TOut> Select<TIn, TOut>(IEnumerable<TIn> items, Func<TIn, TOut> work, int threads, CancellationToken cancellation)
    {
        if (threads == 1)
        {
            foreach (TIn item in items)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return work(item);
            }
            yield break;
        }
        using var slots = new SemaphoreSlim(threads);
        var underWay = new Queue<Task<TOut>>();
        try
        {
            foreach (TIn item in items)
            {
                cancellation.ThrowIfCancellationRequested();
                underWay.Enqueue(Task.Run(async () =>
                {
                    await slots.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                    try
                    {
                        return work(item);
                    }
                    finally
                    {
                        slots.Release();
                    }
                }, CancellationToken.None));
                if (underWay.Count == 2 * threads) yield return underWay.Dequeue().GetAwaiter().GetResult();
            }
            while (underWay.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return underWay.Dequeue().GetAwaiter().GetResult();
            }
        }
        finally
        {
            // Whoever stops early leaves no work behind that still uses what is being taken down; its failures are nobody's any more.
            foreach (Task<TOut> task in underWay) ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
    }

    /// <summary>Gathers items until they are large enough to be worth handing to a thread.</summary>
    /// <param name="items">The items.</param>
    /// <param name="sizeOf">An item's size, in bytes or characters.</param>
    public static IEnumerable<List<T>> Batches<T>(IEnumerable<T> items, Func<T, int> sizeOf)
    {
        const int EnoughBytes = 1 << 18, EnoughItems = 512;
        List<T> batch = [];
        long size = 0;
        foreach (T item in items)
        {
            batch.Add(item);
            size += sizeOf(item);
            if (size < EnoughBytes && batch.Count < EnoughItems) continue;
            yield return batch;
            (batch, size) = ([], 0);
        }
        if (batch.Count > 0) yield return batch;
    }
}
