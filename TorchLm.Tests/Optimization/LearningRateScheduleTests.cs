using TorchLm.Core.Configuration;
using TorchLm.Core.Optimization;

namespace TorchLm.Tests.Optimization;

public class LearningRateScheduleTests
{
    private static readonly OptimizerConfig s_config = new() { LearningRate = 0.8, MinLearningRate = 0.2, WarmupSteps = 4 };

    [Theory]
    [InlineData(0, 0.2)]            // a quarter of the way up
    [InlineData(1, 0.4)]
    [InlineData(3, 0.8)]            // the end of the warm-up
    [InlineData(4, 0.8)]            // the first after it
    [InlineData(9, 0.5)]            // half of the 10 remaining intervals: halfway down
    [InlineData(14, 0.2)]           // the last step
    [InlineData(15, 0.2)]           // and beyond
    [InlineData(1_000_000, 0.2)]
    public void Warm_up_and_cosine_meet_their_corners(long step, double rate) => Assert.Equal(rate, Schedule(s_config).At(step), 1e-12);

    [Fact]
    public void A_quarter_of_the_cosine_is_where_the_textbook_has_it() =>
        Assert.Equal(0.2 + 0.6 * 0.5 * (1 + Math.Sqrt(0.5)), new LearningRateSchedule(s_config with { WarmupSteps = 0 }, 9).At(2), 1e-12);

    [Theory]
    [InlineData(0, 0.8)]
    [InlineData(7, 0.5)]
    [InlineData(14, 0.2)]
    public void Without_a_warm_up_the_first_step_has_the_full_rate(long step, double rate) =>
        Assert.Equal(rate, Schedule(s_config with { WarmupSteps = 0 }).At(step), 1e-12);

    [Theory]
    [InlineData(15)]
    [InlineData(30)]
    public void A_warm_up_as_long_as_the_run_only_rises(int warmup)
    {
        LearningRateSchedule schedule = Schedule(s_config with { WarmupSteps = warmup });
        for (int step = 0; step < 15; step++) Assert.Equal(0.8 * (step + 1) / warmup, schedule.At(step), 1e-12);
    }

    [Theory]
    [InlineData(0, 0.2)]
    [InlineData(3, 0.8)]
    [InlineData(4, 0.8)]
    [InlineData(14, 0.8)]
    [InlineData(99, 0.8)]
    public void A_constant_schedule_stays_after_its_warm_up(long step, double rate) =>
        Assert.Equal(rate, Schedule(s_config with { Schedule = "constant" }).At(step), 1e-12);

    [Theory]
    [InlineData("linear", 3, 0.8)]
    [InlineData("linear", 4, 0.8)]
    [InlineData("linear", 9, 0.5)]          // half of the 10 intervals
    [InlineData("linear", 12, 0.32)]
    [InlineData("linear", 14, 0.2)]
    [InlineData("linear", 99, 0.2)]
    [InlineData("wsd", 1, 0.4)]
    [InlineData("wsd", 4, 0.8)]
    [InlineData("wsd", 11, 0.8)]            // a fifth of 15 steps are the last 3
    [InlineData("wsd", 12, 0.6)]
    [InlineData("wsd", 13, 0.4)]
    [InlineData("wsd", 14, 0.2)]
    [InlineData("wsd", 99, 0.2)]
    [InlineData("inverse-sqrt", 3, 0.8)]
    [InlineData("inverse-sqrt", 4, 0.8)]
    [InlineData("inverse-sqrt", 16, 0.4)]   // four times the warm-up: half
    [InlineData("inverse-sqrt", 36, 0.26666666666666666)]
    [InlineData("inverse-sqrt", 10_000, 0.2)]
    public void Other_schedules_have_their_published_shapes(string schedule, long step, double rate) =>
        Assert.Equal(rate, Schedule(s_config with { Schedule = schedule }).At(step), 1e-12);

    [Theory]
    [InlineData(0, 14, 0.8)]                // never decays
    [InlineData(1, 4, 0.7454545454545454)]  // decays from the end of the warm-up on
    [InlineData(1, 14, 0.2)]
    public void The_last_share_of_the_steps_decays(double fraction, long step, double rate) =>
        Assert.Equal(rate, Schedule(s_config with { Schedule = "wsd", DecayFraction = fraction }).At(step), 1e-12);

    [Theory]
    [InlineData("linear")]
    [InlineData("wsd")]
    [InlineData("inverse-sqrt")]
    public void Without_a_warm_up_every_schedule_begins_with_the_full_rate(string schedule) =>
        Assert.Equal(0.8, Schedule(s_config with { Schedule = schedule, WarmupSteps = 0 }).At(0), 1e-12);

    [Fact]
    public void A_run_of_one_step_uses_the_full_rate() =>
        Assert.Equal(0.8, new LearningRateSchedule(s_config with { WarmupSteps = 0 }, 1).At(0), 1e-12);

    [Fact]
    public void The_rate_never_rises_after_the_warm_up()
    {
        LearningRateSchedule schedule = Schedule(s_config);
        for (int step = 5; step < 20; step++) Assert.True(schedule.At(step) <= schedule.At(step - 1));
    }

    private static LearningRateSchedule Schedule(OptimizerConfig config) => new(config, steps: 15);
}
