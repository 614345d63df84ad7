using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace TorchLm.Core.Distributed;

/// <summary>
/// The one thread that talks to an engine whose calls block, so that the thread that computes does not. Work is done in the order that it comes.
/// </summary>
internal sealed class CommunicationThread : IDisposable
{
    private readonly BlockingCollection<Work> _queue = [];
    private readonly Thread _thread;

    public CommunicationThread(string name)
    {
        // In the background: a thread that is stuck in a call must not keep the process from ending.
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Puts work behind what is there.</summary>
    public Work Post(Action action)
    {
        var work = new Work(action);
        _queue.Add(work);
        return work;
    }

    /// <summary>Waits for the end of all work.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private void Run()
    {
        foreach (Work work in _queue.GetConsumingEnumerable()) work.Run();
    }

    /// <summary>Something to do, and whether it is done.</summary>
    public sealed class Work(Action action)
    {
        /// <summary>Waiting is counted in such pieces, so that hours in which the whole process was stopped count as one.</summary>
        private static readonly TimeSpan s_slice = TimeSpan.FromSeconds(5);

        private readonly TaskCompletionSource _done = new();
        private Exception? _failure;

        /// <summary>Waits for the end; throws what the work threw.</summary>
        /// <returns>False where that took too long.</returns>
        public bool Wait(TimeSpan? patience)
        {
            TimeSpan most = patience ?? Timeout.InfiniteTimeSpan, slice = patience < s_slice ? most : s_slice;
            for (TimeSpan waited = TimeSpan.Zero; !_done.Task.Wait(slice); waited += slice)
            {
                if (patience is not null && waited + slice >= most) return false;
            }
            if (_failure is { } failure) ExceptionDispatchInfo.Throw(failure);
            return true;
        }

        internal void Run()
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                _failure = e;
            }
            _done.SetResult();
        }
    }
}
