using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class LossTrendTests
{
    [Fact]
    public void Mean_and_variance_are_the_weighted_sums_of_their_definition()
    {
        var random = new Random(5);
        double[] losses = [.. Enumerable.Range(0, 400).Select(_ => 3 + TinyGpt.Normal(random))];
        LossTrend trend = losses.Aggregate(new LossTrend(), (t, loss) => t.With(loss));
        double[] weights = new double[losses.Length];
        for (int i = 0; i < losses.Length; i++)
        {
            double taken = Math.Max(1 / (i + 1.0), 1 / 128.0);
            for (int j = 0; j < i; j++) weights[j] *= 1 - taken;
            weights[i] = taken;
        }
        double mean = losses.Zip(weights, (x, w) => x * w).Sum();
        Assert.Equal(1, weights.Sum(), 1e-12);
        Assert.Equal(mean, trend.Mean, 1e-12);
        Assert.Equal(losses.Zip(weights, (x, w) => w * (x - mean) * (x - mean)).Sum(), trend.Variance, 1e-12);
        Assert.Equal((5 - mean) / Math.Sqrt(trend.Variance), trend.ScoreOf(5)!.Value, 1e-9);
    }

    [Fact]
    public void There_is_no_score_before_enough_losses_or_where_all_are_the_same()
    {
        LossTrend same = Enumerable.Repeat(2.0, 100).Aggregate(new LossTrend(), (t, loss) => t.With(loss));
        Assert.Null(same.ScoreOf(3));
        LossTrend few = Enumerable.Range(0, 63).Aggregate(new LossTrend(), (t, i) => t.With(i));
        Assert.Null(few.ScoreOf(3));
        Assert.NotNull(few.With(63).ScoreOf(3));
    }

    [Fact]
    public void A_batch_of_another_kind_is_reported_as_a_spike()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { EvalInterval = 100, SaveInterval = 0, LogInterval = 10 } };
        using var run = new TestRun(folder.Path, config, beforeStep: (step, model) =>
        {
            using var noGradient = no_grad();
            TorchSharp.Modules.Parameter gain = model.named_parameters().Single(p => p.name == "finalNorm.weight").parameter;
            if (step == 90) gain.mul_(tensor(50f)); // the logits become huge
            if (step == 91) gain.div_(tensor(50f));
        });
        run.Run();
        TrainingIncident spike = Assert.Single(run.Observer.Incidents);
        Assert.Equal((91, IncidentKind.LossSpike), (spike.Step, spike.Kind));
        Assert.StartsWith("Step 91: a loss spike, ", spike.Message, StringComparison.Ordinal);
        StepMetrics line = run.Observer.Steps.Single(s => s.Step == 100);
        Assert.True(line.LossZ > 6);
        Assert.Null(run.Observer.Steps[0].LossZ);
    }
}
