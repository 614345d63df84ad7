using TorchLm.Core.Distributed;

namespace TorchLm.Tests.Distributed;

public class CommunicationThreadTests
{
    [Fact]
    public void Work_is_done_in_the_order_that_it_comes_and_by_one_thread()
    {
        using var thread = new CommunicationThread("test");
        var done = new List<(int Number, int Thread)>(); // without a lock: one thread alone writes
        CommunicationThread.Work[] work =
            [.. Enumerable.Range(0, 200).Select(i => thread.Post(() => done.Add((i, Environment.CurrentManagedThreadId))))];
        Assert.True(work[^1].Wait(null));
        Assert.Equal(Enumerable.Range(0, 200), done.Select(d => d.Number));
        Assert.Single(done.Select(d => d.Thread).Distinct());
    }

    [Fact]
    public void Whoever_waits_gets_the_failure_and_later_work_goes_on()
    {
        using var thread = new CommunicationThread("test");
        CommunicationThread.Work failing = thread.Post(() => throw new CollectiveException("barrier", 3, "no route")), next = thread.Post(() => { });
        Assert.True(next.Wait(null));
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal("The barrier failed on rank 3: no route", Assert.Throws<CollectiveException>(() => failing.Wait(null)).Message);
        }
    }

    [Fact]
    public void Patience_ends()
    {
        using var release = new ManualResetEventSlim();
        using var thread = new CommunicationThread("test");
        CommunicationThread.Work stuck = thread.Post(release.Wait);
        Assert.False(stuck.Wait(TimeSpan.FromMilliseconds(20)));
        release.Set();
        Assert.True(stuck.Wait(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void A_timeout_says_who_waited_how_long_and_for_what()
    {
        var unknown = new CollectiveTimeoutException("barrier", 1, TimeSpan.FromSeconds(30));
        Assert.Equal("Rank 1 waited 30 s for the barrier: another rank has ended, hangs or cannot be reached.", unknown.Message);
        var known = new CollectiveTimeoutException("barrier", 1, TimeSpan.FromSeconds(30), "rank 2 on node7");
        Assert.Contains("rank 2 on node7 has ended", known.Message, StringComparison.Ordinal);
    }
}
