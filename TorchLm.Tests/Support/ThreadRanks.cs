using TorchLm.Core.Distributed;
using static TorchSharp.torch;

namespace TorchLm.Tests.Support;

/// <summary>
/// Ranks that are threads of one process, for what does not depend on the engine. Sums are added up in the order of ranks. A rank that ends by an
/// exception lets the others end as well.
/// </summary>
internal static class ThreadRanks
{
    /// <summary>Does the same on several ranks, and returns what each of them has returned.</summary>
    public static T[] Run<T>(int count, Func<ICollective, T> work)
    {
        using var meeting = new Meeting(count);
        var results = new T[count];
        var failures = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            try
            {
                set_num_threads(1);
                results[rank] = work(new Rank(meeting, rank));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                meeting.GiveUp();
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        if (failures.OfType<Exception>().OrderBy(e => e is OperationCanceledException).FirstOrDefault() is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
        return results;
    }

    /// <summary>Where ranks wait for each other and see each other's tensors.</summary>
    private sealed class Meeting(int count) : IDisposable
    {
        private readonly Barrier _barrier = new(count);
        private readonly CancellationTokenSource _over = new();

        public int Count => count;

        public Tensor[] Tensors { get; } = new Tensor[count];

        public byte[]?[] Bytes { get; } = new byte[]?[count];

        public void Wait() => _barrier.SignalAndWait(_over.Token);

        public void GiveUp() => _over.Cancel();

        public void Dispose()
        {
            _barrier.Dispose();
            _over.Dispose();
        }
    }

    private sealed class Rank(Meeting meeting, int rank) : ICollective
    {
        string ICollective.Engine => "threads";

        int ICollective.Rank => rank;

        public int WorldSize => meeting.Count;

        public int LocalRank => rank;

        public TimeSpan? Patience { get; set; }

        public void AllReduce(Tensor tensor)
        {
            using var noGradient = no_grad();
            using Tensor sum = Together(tensor, all => Sum(all));
            tensor.copy_(sum);
            meeting.Wait();
        }

        public IPendingCollective BeginAllReduce(Tensor tensor)
        {
            AllReduce(tensor);
            return new Done();
        }

        public void ReduceScatter(Tensor whole, Tensor own)
        {
            using var noGradient = no_grad();
            using Tensor sum = Together(whole, all => Sum(all)), part = sum.view(-1).narrow(0, rank * own.numel(), own.numel());
            using Tensor flat = own.view(-1);
            flat.copy_(part);
            meeting.Wait();
        }

        public IPendingCollective BeginReduceScatter(Tensor whole, Tensor own)
        {
            ReduceScatter(whole, own);
            return new Done();
        }

        public void AllGather(Tensor own, Tensor whole)
        {
            using var noGradient = no_grad();
            using Tensor all = Together(own, parts => cat([.. parts.Select(p => p.view(-1))], 0)), flat = whole.view(-1);
            flat.copy_(all);
            meeting.Wait();
        }

        public void Broadcast(Tensor tensor, int root)
        {
            using var noGradient = no_grad();
            using Tensor theirs = Together(tensor, all => all[root].detach().clone());
            if (rank != root) tensor.copy_(theirs);
            meeting.Wait();
        }

        public void Broadcast(byte[] bytes, int root)
        {
            meeting.Bytes[rank] = bytes;
            meeting.Wait();
            if (rank != root) meeting.Bytes[root]!.CopyTo(bytes, 0);
            meeting.Wait();
        }

        public void Barrier() => meeting.Wait();

        public void Watch(TimeSpan silence, Action<string> onLost)
        {
            // A thread does not get lost.
        }

        public void Abort(int exitCode) => meeting.GiveUp();

        public void Dispose()
        {
            // Nothing is held.
        }

        private Tensor Together(Tensor own, Func<Tensor[], Tensor> combine)
        {
            meeting.Tensors[rank] = own;
            meeting.Wait();
            Tensor result;
            using (var scope = NewDisposeScope()) result = combine(meeting.Tensors).DetachFromDisposeScope();
            meeting.Wait(); // nobody writes before all have read
            return result;
        }

        private static Tensor Sum(Tensor[] all)
        {
            Tensor sum = all[0].detach().clone();
            foreach (Tensor other in all[1..]) sum.add_(other.detach());
            return sum;
        }

        private sealed class Done : IPendingCollective
        {
            public void Wait()
            {
                // It is done.
            }
        }
    }
}
