using TorchLm.Core.Training;

namespace TorchLm.Tests.Distributed;

public class RankSpeedsTests
{
    [Fact]
    public void The_slowest_and_the_fastest_rank_process_their_share_in_their_own_time()
    {
        var speeds = new RankSpeeds([20, 40, 10, 20], 4000);
        Assert.Equal(1, speeds.Slowest);
        Assert.Equal(25_000, speeds.SlowestTokensPerSecond);
        Assert.Equal(100_000, speeds.FastestTokensPerSecond);
    }

    [Theory]
    [InlineData(1.5, null, "20 29 20")]
    [InlineData(1.5, 1, "20 31 20")]
    [InlineData(1.5, 0, "31 20")] // of two, the faster one is the median
    [InlineData(0, null, "20 1000 20")]
    public void A_straggler_is_slower_than_the_median_by_the_factor(double factor, int? expected, string milliseconds) =>
        Assert.Equal(expected, new RankSpeeds([.. milliseconds.Split(' ').Select(double.Parse)], 100).Straggler(factor));
}
