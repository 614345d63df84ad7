using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

/// <summary>The promise: whatever is allowed is over, and saved, in time.</summary>
public class TimeBudgetTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void A_save_that_is_under_way_is_waited_for_before_the_last_one()
    {
        var clock = new ManualClock();
        var budget = new TimeBudget(TimeSpan.FromSeconds(20), clock, clock.GetTimestamp());
        budget.SaveTook(TimeSpan.FromSeconds(4));
        clock.Now += TimeSpan.FromSeconds(12);
        Assert.True(budget.AllowsAnotherStep(evaluates: false));
        budget.SaveBegan();
        Assert.True(budget.AllowsAnotherStep(evaluates: false)); // 12 + 4 + 4
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(budget.AllowsAnotherStep(evaluates: false)); // 13 + 3 + 4
        clock.Now += TimeSpan.FromSeconds(4);
        Assert.False(budget.AllowsAnotherStep(evaluates: false)); // 17 + 4
    }

    [Fact]
    public void Without_a_limit_there_is_always_time()
    {
        TimeBudget budget = new(null, _clock, _clock.GetTimestamp());
        budget.StepTook(Seconds(1e6));
        _clock.Now += Seconds(1e9);
        Assert.True(budget.AllowsAnotherStep(evaluates: true));
    }

    [Fact]
    public void No_time_allows_no_step() => Assert.False(new TimeBudget(TimeSpan.Zero, _clock, _clock.GetTimestamp()).AllowsAnotherStep(evaluates: false));

    [Fact]
    public void The_longest_recent_step_the_evaluation_and_the_longest_save_must_fit()
    {
        TimeBudget budget = new(Seconds(100), _clock, _clock.GetTimestamp()) { Reserve = Seconds(1) };
        foreach (double seconds in new[] { 2.0, 5, 3 }) budget.StepTook(Seconds(seconds));
        budget.EvaluationTook(Seconds(10));
        budget.EvaluationTook(Seconds(7));
        budget.SaveTook(Seconds(4));
        budget.SaveTook(Seconds(3));
        AssertLastMoment(budget, evaluates: false, 100 - 1 - 5 - 4);
        AssertLastMoment(budget, evaluates: true, 100 - 1 - 5 - 4 - 10);
    }

    [Fact]
    public void A_slow_step_is_forgotten_after_many_others()
    {
        TimeBudget budget = new(Seconds(100), _clock, _clock.GetTimestamp());
        budget.StepTook(Seconds(50));
        for (int i = 0; i < 63; i++) budget.StepTook(Seconds(1));
        AssertLastMoment(budget, evaluates: false, 50);
        budget.StepTook(Seconds(1));
        AssertLastMoment(budget, evaluates: false, 99);
    }

    [Fact]
    public void Until_a_save_was_made_its_estimate_counts()
    {
        TimeBudget budget = new(Seconds(100), _clock, _clock.GetTimestamp()) { InitialSaveEstimate = Seconds(30) };
        AssertLastMoment(budget, evaluates: true, 70);
        budget.SaveTook(Seconds(2));
        AssertLastMoment(budget, evaluates: true, 98);
        // GPT-2's 124 M parameters are 1.5 GB with their moments.
        Assert.InRange(TimeBudget.EstimateSave(124_000_000), Seconds(15), Seconds(16));
    }

    [Fact]
    public void The_time_before_training_counts_from_the_process_start()
    {
        DateTime start = _clock.GetUtcNow().UtcDateTime;
        _clock.Now += Seconds(60);
        TimeBudget budget = TimeBudget.SinceProcessStart(Seconds(100), start, _clock, parameters: 0);
        Assert.Equal(60, budget.Elapsed.TotalSeconds, 1e-6);
        Assert.True(budget.AllowsAnotherStep(evaluates: false));
        _clock.Now += Seconds(40);
        Assert.False(budget.AllowsAnotherStep(evaluates: false));
        Assert.Equal(0, TimeBudget.SinceProcessStart(null, start.AddDays(1), _clock, 0).Elapsed.TotalSeconds, 1e-6); // a clock that was set back
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Steps_of_any_length_that_was_seen_before_end_and_are_saved_in_time(int seed)
    {
        var random = new Random(seed);
        TimeBudget budget = new(Seconds(1000), _clock, _clock.GetTimestamp()) { InitialSaveEstimate = Seconds(9) };
        Spend(5, budget.StepTook); // the longest
        long step = 1;
        for (; budget.AllowsAnotherStep(evaluates: step % 10 == 0); step++)
        {
            Spend(step % 50 == 0 ? 5 : random.NextDouble() * 5, budget.StepTook);
            if (step % 10 == 0) Spend(20, budget.EvaluationTook);
            if (step % 40 == 0) Spend(8, budget.SaveTook);
        }
        Spend(8, budget.SaveTook);
        Assert.InRange(budget.Elapsed, Seconds(1000 - 8 - 5 - 20 - 9), Seconds(1000));
        Assert.True(step > 100);
    }

    private void Spend(double seconds, Action<TimeSpan> tell)
    {
        _clock.Now += Seconds(seconds);
        tell(Seconds(seconds));
    }

    private void AssertLastMoment(TimeBudget budget, bool evaluates, double seconds)
    {
        TimeSpan before = _clock.Now;
        _clock.Now = Seconds(seconds);
        Assert.True(budget.AllowsAnotherStep(evaluates));
        _clock.Now = Seconds(seconds + 0.001);
        Assert.False(budget.AllowsAnotherStep(evaluates));
        _clock.Now = before;
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
