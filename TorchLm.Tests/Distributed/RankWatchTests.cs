using System.Diagnostics;
using TorchLm.Core.Distributed;

namespace TorchLm.Tests.Distributed;

public class RankWatchTests
{
    private long _now;

    [Fact]
    public void A_rank_that_is_silent_for_too_long_is_named()
    {
        RankWatch watch = Watch();
        After(19);
        watch.Hear(1, 5);
        Assert.Null(watch.Lost());
        After(2); // 21 s since rank 2 began
        Assert.Equal("rank 2 on c has not been heard of for 20 s: it has ended, hangs or cannot be reached.", watch.Lost());
        watch.Hear(2, 5);
        Assert.Null(watch.Lost());
    }

    [Fact]
    public void A_rank_that_is_not_watched_is_not_missed()
    {
        RankWatch watch = Watch();
        watch.Hear(1, 0);
        watch.Hear(2, 0);
        After(19);
        Assert.Null(watch.Lost()); // although nothing was heard of rank 0, which watches
    }

    [Fact]
    public void The_rank_that_has_come_to_the_fewest_operations_is_behind()
    {
        RankWatch watch = Watch();
        watch.Hear(1, 7);
        watch.Hear(2, 6);
        Assert.Equal("rank 2 on c", watch.Behind(own: 8));
        Assert.Equal("rank 2 on c", watch.Behind(own: 7));
        Assert.Null(watch.Behind(own: 6));
    }

    private RankWatch Watch()
    {
        var watch = new RankWatch(["rank 0 on a", "rank 1 on b", "rank 2 on c"], TimeSpan.FromSeconds(20), () => _now);
        watch.Expect(1);
        watch.Expect(2);
        return watch;
    }

    private void After(double seconds) => _now += (long)(seconds * Stopwatch.Frequency);
}
