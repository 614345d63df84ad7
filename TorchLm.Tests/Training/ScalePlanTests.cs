using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

/// <summary>Expected seconds are computed by hand, from the formula of a ring.</summary>
public class ScalePlanTests
{
    private const double Tolerance = 1e-9;

    /// <summary>16 sequences of 10 tokens: 8 s of both passes, a quarter of them backward, and 0.5 s of update; links of 100 bytes/s.</summary>
    private static readonly ScalePlan s_plan = new(8, 0.5, 16, 10, 2, 0.25, [300, 300, 400], 4, new RankLink(100, 0));

    [Fact]
    public void Sums_that_the_last_parts_backward_pass_cannot_hide_are_waited_for()
    {
        // 4 sequences in 2 parts: 2 s, the last backward pass 0.25. Each link carries 1.5 times the bytes: 4.5, 4.5 and 6 s, begun at 1/3, 2/3 and 3/3 of it.
        AssertSeconds(compute: 2, update: 0.5, waiting: 15 - (0.25 * 2 / 3), exchange: 15, s_plan.Plain);
        Assert.Equal(0.25 * 2 / 3 / 15, s_plan.Plain.HiddenShare, Tolerance);
        Assert.Equal(160 / s_plan.Plain.Seconds, s_plan.TokensPerSecond(s_plan.Plain), Tolerance);
        Assert.Equal(8.5 / (4 * (2.5 + 15 - (0.5 / 3))), s_plan.Efficiency(s_plan.Plain), Tolerance);
        // Half of it within the backward pass, the other half, the weights, after the update of a quarter.
        AssertSeconds(compute: 2, update: 0.125, waiting: 7.5 - (0.5 / 3) + 7.5, exchange: 15, s_plan.Sharded);
    }

    [Fact]
    public void One_rank_has_nothing_to_exchange()
    {
        ScalePlan alone = s_plan with { Ranks = 1, Link = new RankLink(1, 1) };
        foreach (RankStep step in new[] { alone.Plain, alone.Sharded })
        {
            AssertSeconds(compute: 8, update: 0.5, waiting: 0, exchange: 0, step);
            Assert.Equal((1, 1), (alone.Efficiency(step), step.HiddenShare));
        }
        Assert.Equal((16, 8, 2), (alone.LargestShare, alone.Parts, alone.PartSequences));
    }

    [Fact]
    public void One_bucket_hides_nothing()
    {
        ScalePlan two = new(4, 0.25, 4, 10, 2, 2.0 / 3, [1000], 2, new RankLink(1000, 0));
        AssertSeconds(compute: 2, update: 0.25, waiting: 1, exchange: 1, two.Plain);
        AssertSeconds(compute: 2, update: 0.125, waiting: 1, exchange: 1, two.Sharded);
        Assert.Equal(0, two.Plain.HiddenShare);
        Assert.Equal(4.25 / 6.5, two.Efficiency(two.Plain), Tolerance);
    }

    [Fact]
    public void A_long_backward_pass_hides_all_but_the_last_bucket()
    {
        ScalePlan two = new(120, 0, 2, 10, 1, 2.0 / 3, [1000, 1000, 1000, 10], 2, new RankLink(1000, 0)); // 40 s backward, sums of 1, 1, 1 and 0.01 s
        AssertSeconds(compute: 60, update: 0, waiting: 0.01, exchange: 3.01, two.Plain);
        AssertSeconds(compute: 60, update: 0, waiting: 0.005 + 1.505, exchange: 3.01, two.Sharded);
        // Four times as much accumulation: the last part is as long, and so is the wait.
        ScalePlan more = two with { PassSeconds = 480, Sequences = 8 };
        AssertSeconds(compute: 240, update: 0, waiting: 0.01, exchange: 3.01, more.Plain);
    }

    [Fact]
    public void A_large_bucket_in_the_middle_can_be_what_is_waited_for()
    {
        // B = 4 s: the second of four buckets is begun at 2 s and takes 5, the others 0.01 s each.
        ScalePlan two = new(12, 0, 2, 10, 1, 2.0 / 3, [10, 5000, 10, 10], 2, new RankLink(1000, 0));
        Assert.Equal(2 + 5 + 0.02 - 4, two.Plain.Waiting, Tolerance);
    }

    [Fact]
    public void Small_gradients_take_the_latency_of_their_messages()
    {
        ScalePlan five = new(0, 0, 5, 10, 1, 2.0 / 3, [0, 0], 5, new RankLink(1e9, 0.01)); // 4 + 4 messages a bucket
        AssertSeconds(compute: 0, update: 0, waiting: 0.16, exchange: 0.16, five.Plain);
        AssertSeconds(compute: 0, update: 0, waiting: 0.16, exchange: 0.16, five.Sharded);
    }

    [Theory]
    [InlineData(10, 4, 3, 2, 2)] // 3 of 10, at most 2 at once: 1 + 2
    [InlineData(10, 10, 1, 1, 1)]
    [InlineData(480, 7, 69, 35, 2)]
    [InlineData(480, 8, 60, 30, 2)]
    public void The_rank_with_most_sequences_decides(int sequences, int ranks, int largest, int parts, int atOnce)
    {
        ScalePlan plan = s_plan with { Sequences = sequences, Ranks = ranks };
        Assert.Equal((largest, parts, atOnce), (plan.LargestShare, plan.Parts, plan.PartSequences));
        Assert.Equal(8.0 * largest / sequences, plan.Plain.Compute, Tolerance);
        Assert.True(plan.Efficiency(plan.Plain) < 1);
    }

    [Fact]
    public void A_run_is_planned_from_a_step_of_fewer_tokens()
    {
        var run = new RunConfig { Model = TinyGpt.Config, Training = new TrainingConfig { BatchSize = 4, GradientAccumulationSteps = 6 } };
        int context = run.Model.ContextLength;
        ScalePlan plan = ScalePlan.Of(run, new ProbedStep(2 * context, 1.25, 0.25), 3, new RankLink(1e9, 0)); // half a second a sequence
        Assert.Equal((12, 0.25, 24, context, 4), (plan.PassSeconds, plan.UpdateSeconds, plan.Sequences, plan.ContextLength, plan.MicroBatch));
        Assert.Equal(2.0 / 3, plan.BackwardShare);
        Assert.Equal(0.75, ScalePlan.Of(run with { Training = run.Training with { ActivationCheckpointing = true } }, new ProbedStep(1, 1, 0), 3, plan.Link).BackwardShare);
        Assert.Equal(12.25, plan.OneRankSeconds);
    }

    [Fact]
    public void A_ranks_memory_has_its_part_of_the_optimizers_state()
    {
        var memory = new TrainingMemory(Weights: 400, Gradients: 400, Moments: 801, Activations: 50, Program: 7);
        Assert.Equal(1658, memory.TotalWithShardedMoments(1));
        Assert.Equal(857 + 201, memory.TotalWithShardedMoments(4)); // 200.25
    }

    private static void AssertSeconds(double compute, double update, double waiting, double exchange, RankStep step)
    {
        Assert.Equal(compute, step.Compute, Tolerance);
        Assert.Equal(update, step.Update, Tolerance);
        Assert.Equal(waiting, step.Waiting, Tolerance);
        Assert.Equal(exchange, step.Exchange, Tolerance);
        Assert.Equal(compute + update + waiting, step.Seconds, Tolerance);
    }
}
