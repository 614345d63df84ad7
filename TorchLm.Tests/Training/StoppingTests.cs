using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class StoppingTests
{
    /// <summary>With a rate of 0 no evaluation is better than the first.</summary>
    private static readonly RunConfig s_standstill = TestRun.Config with
    {
        Optimizer = TestRun.Config.Optimizer with { LearningRate = 0, MinLearningRate = 0 },
        Training = TestRun.Config.Training with { EvalInterval = 10, SaveInterval = 0 },
    };

    [Theory]
    [InlineData(1, 10)]
    [InlineData(3, 30)]
    public void Patience_ends_a_run_after_as_many_evaluations_without_a_new_best(int patience, long step)
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_standstill with { Training = s_standstill.Training with { Patience = patience } });
        Assert.Equal(StopReason.NoImprovement, run.Run());
        Assert.Equal(step, run.Trainer.State.Step);
        Assert.Equal(step, run.Folder.LatestStep);
        Assert.Equal(Enumerable.Range(0, patience + 1).Select(i => 10L * i), run.Observer.Evaluations.Select(e => e.Step));
        Assert.Equal([true, .. Enumerable.Repeat(false, patience)], run.Observer.Evaluations.Select(e => e.IsBest));
    }

    [Fact]
    public void Patience_counts_on_after_a_resume()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_standstill with { Training = s_standstill.Training with { Patience = 3 } };
        Assert.Equal(StopReason.Cancelled, TestRun.RunIn(folder.Path, config, stopAfter: 25));
        Assert.Equal(StopReason.NoImprovement, TestRun.RunIn(folder.Path, config));
        Assert.Equal(30, new RunFolder(folder.Path).LatestStep);
    }

    [Fact]
    public void A_new_best_starts_the_patience_anew()
    {
        using var folder = new TemporaryFolder();
        // Losses: first, worse, better, worse, worse, …: patience 2 is used up at the evaluation of step 40, not at that of step 20.
        int[] hardness = [1, 2, 0, 1, 2, 2, 2];
        Batch[] byLoss = [.. Enumerable.Range(0, 3).Select(i => RandomBatches.Make(i, 1, 8, 11))];
        var validation = new ValidationBatches(reading => [Copy(byLoss[hardness[reading]])]);
        using var run = new TestRun(folder.Path, s_standstill with { Training = s_standstill.Training with { Patience = 2 } }, validation: validation);
        Array.Sort([.. byLoss.Select(b => LossOf(run, b))], byLoss);
        Assert.Equal(StopReason.NoImprovement, run.Run());
        Assert.Equal([true, false, true, false, false], run.Observer.Evaluations.Select(e => e.IsBest));
        Assert.Equal(40, run.Trainer.State.Step);
        Assert.Equal(20, run.Folder.BestStep);
        foreach (Batch batch in byLoss) batch.Dispose();
    }

    [Fact]
    public void A_step_limit_pauses_a_run_without_changing_it()
    {
        using TemporaryFolder whole = new(), pieces = new();
        TestRun.RunIn(whole.Path, TestRun.Config);
        using (var run = new TestRun(pieces.Path, TestRun.Config))
        {
            Assert.Equal(StopReason.StepLimit, run.Run(maxSteps: 60));
            Assert.Equal(60, run.Folder.LatestStep);
        }
        using (var run = new TestRun(pieces.Path, TestRun.Config)) Assert.Equal(StopReason.StepLimit, run.Run(maxSteps: 60));
        using (var run = new TestRun(pieces.Path, TestRun.Config)) Assert.Equal(StopReason.Finished, run.Run(maxSteps: 1000));
        foreach (string name in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(whole.In("step-00000100", name)), File.ReadAllBytes(pieces.In("step-00000100", name)));
        }
    }

    [Fact]
    public void Time_that_is_over_ends_a_run_with_its_state_saved()
    {
        using var folder = new TemporaryFolder();
        using (var run = new TestRun(folder.Path, TestRun.Config, beforeStep: (step, _) => { if (step == 4) Thread.Sleep(400); }))
        {
            Assert.Equal(StopReason.OutOfTime, run.Run(maxTime: TimeSpan.FromMilliseconds(400)));
            Assert.InRange(run.Trainer.State.Step, 0, 5); // at the latest, the step that takes all the time is the last
            Assert.Equal(run.Trainer.State.Step, run.Folder.LatestStep);
        }
        Assert.Equal(StopReason.Finished, TestRun.RunIn(folder.Path, TestRun.Config));
    }

    [Fact]
    public void A_run_stops_while_there_is_time_to_save_it()
    {
        using var folder = new TemporaryFolder();
        var clock = new ManualClock();
        using var run = new TestRun(folder.Path, TestRun.Config, beforeStep: (_, _) => clock.Now += TimeSpan.FromSeconds(60));
        var time = new TimeBudget(TimeSpan.FromSeconds(690), clock, 0) { InitialSaveEstimate = TimeSpan.FromSeconds(180) };
        Assert.Equal(StopReason.OutOfTime, run.Trainer.Run(time: time));
        Assert.Equal(9, run.Folder.LatestStep); // after 540 s: another step could have begun, and not be saved, in time
    }

    [Fact]
    public void No_time_at_all_makes_no_step()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, TestRun.Config);
        Assert.Equal(StopReason.OutOfTime, run.Run(maxTime: TimeSpan.Zero));
        Assert.Equal(0, run.Folder.LatestStep);
        Assert.Empty(run.Observer.Evaluations);
    }

    [Fact]
    public void A_run_that_is_cancelled_at_once_says_so()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, TestRun.Config);
        Assert.Equal(StopReason.Cancelled, run.Trainer.Run(cancel: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void An_evaluation_that_was_interrupted_is_made_up_for_by_the_resumed_run()
    {
        using var whole = new TemporaryFolder();
        using var parts = new TemporaryFolder();
        TestRun.RunIn(whole.Path, TestRun.Config);
        Assert.Equal(StopReason.Cancelled, TestRun.RunIn(parts.Path, TestRun.Config, stopAfter: 25)); // step 25 is evaluated
        Assert.Equal(25, new RunFolder(parts.Path).LatestStep);
        Assert.DoesNotContain(Evaluations(parts), line => line.Contains("\"step\":25", StringComparison.Ordinal));
        TestRun.RunIn(parts.Path, TestRun.Config);
        Assert.Equal(Evaluations(whole), Evaluations(parts));
        Assert.Equal(new RunFolder(whole.Path).BestStep, new RunFolder(parts.Path).BestStep);

        static string[] Evaluations(TemporaryFolder folder) =>
            [.. ResumeTests.MetricsWithoutTimes(folder).Where(line => line.Contains("val_loss", StringComparison.Ordinal))];
    }

    private static double LossOf(TestRun run, Batch batch) => Evaluator.Evaluate(run.Model, new ValidationBatches(_ => [Copy(batch)])).Loss;

    private static Batch Copy(Batch batch) => new(batch.Inputs.clone(), batch.Targets.clone());
}
