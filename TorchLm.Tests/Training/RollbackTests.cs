using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class RollbackTests
{
    private static readonly RunConfig s_config = TestRun.Config with
    {
        Training = TestRun.Config.Training with { Steps = 20, LogInterval = 5, SaveInterval = 3, EvalInterval = 100, SkipLimit = 3, KeepCheckpoints = 9 },
    };

    [Fact]
    public void The_run_goes_back_to_the_last_good_checkpoint_with_half_the_rate()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_config, faults: "nan@8,nan@9,nan@10"); // step 9's checkpoint is within the trouble
        Assert.Equal(StopReason.Finished, run.Run());
        TrainingIncident rollback = Assert.Single(run.Observer.Incidents, i => i.Kind == IncidentKind.RolledBack);
        Assert.Equal(6, rollback.Step);
        Assert.Equal("Step 10: the loss or the gradient was not finite in 3 updates in a row, up to step 10; the run goes back to step 6, with the learning rate " +
            "halved (now 0.5 of what the schedule says).", rollback.Message);
        TrainingState state = Checkpoint.ReadState(run.Folder.StepPath(20));
        Assert.Equal((0.5, 1, 0), (state.LearningRateFactor, state.Rollbacks, state.SkippedUpdates));
    }

    [Fact]
    public void A_run_that_rolled_back_is_the_run_with_half_the_rate_from_there_on()
    {
        using TemporaryFolder rolled = new(), plain = new();
        using (var run = new TestRun(rolled.Path, s_config, faults: "nan@7,nan@8,nan@9")) Assert.Equal(StopReason.Finished, run.Run());
        using (var run = new TestRun(plain.Path, s_config, stopAfter: 6)) run.Run();
        string state = plain.In("step-00000006", "state.json");
        TrainingState half = Checkpoint.ReadState(plain.In("step-00000006")) with { LearningRateFactor = 0.5, Rollbacks = 1 };
        StateFile.Write(plain.In("step-00000006"), half, half.Checksums);
        using (var run = new TestRun(plain.Path, s_config)) Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(File.ReadAllBytes(plain.In("step-00000020", "model.safetensors")), File.ReadAllBytes(rolled.In("step-00000020", "model.safetensors")));
        Assert.True(File.Exists(state));
    }

    [Fact]
    public void Metrics_are_cut_back_and_say_what_happened()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_config, faults: "nan@8,nan@9,nan@10");
        run.Run();
        JsonNode[] lines = [.. File.ReadLines(run.Folder.MetricsPath).Select(l => JsonNode.Parse(l)!)];
        long[] steps = [.. lines.Select(l => (long)l["step"]!)];
        Assert.Equal(steps.Order(), steps);
        JsonNode incident = Assert.Single(lines, l => l["incident"] is not null);
        Assert.Equal(("rolled_back", 6), ((string)incident["incident"]!, (long)incident["step"]!));
        Assert.Equal([5, 10, 15, 20], lines.Where(l => l["train_loss"] is not null).Select(l => (long)l["step"]!));
    }

    /// <summary>Weights that only ever lead to infinite losses: each checkpoint that is tried fails at once, so older ones are.</summary>
    [Fact]
    public void Trouble_right_after_a_rollback_goes_back_further_and_three_times_are_enough()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_config, faults: string.Join(',', Enumerable.Range(1, 60).Select(i => $"nan@{i % 20 + 1}")
            .Where(f => int.Parse(f[4..]) >= 14).SelectMany(f => Enumerable.Repeat(f, 4))));
        Assert.Equal(StopReason.Diverged, run.Run());
        long[] targets = [.. run.Observer.Incidents.Where(i => i.Kind == IncidentKind.RolledBack).Select(i => i.Step)];
        Assert.Equal(3, targets.Length);
        Assert.Equal(12, targets[0]);
        Assert.Equal(3, run.Trainer.State.Rollbacks);
        Assert.Equal(0.125, run.Trainer.State.LearningRateFactor);
    }

    [Fact]
    public void Broken_weights_are_never_saved_and_start_a_rollback()
    {
        using var folder = new TemporaryFolder();
        bool poisoned = false;
        using var run = new TestRun(folder.Path, s_config, beforeStep: (step, model) =>
        {
            if (step != 8 || poisoned) return;
            poisoned = true;
            using var noGradient = no_grad();
            model.named_parameters().Single(p => p.name == "finalNorm.weight").parameter.fill_(float.NaN);
        });
        Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(6, Assert.Single(run.Observer.Incidents, i => i.Kind == IncidentKind.RolledBack).Step);
        Assert.All(TinyGpt.Parameters(run.Model), p => Assert.All(p.Value, v => Assert.True(float.IsFinite(v))));
    }

    /// <summary>The best model there was is worth keeping, but its step is made again: it gets another name.</summary>
    [Fact]
    public void A_best_checkpoint_that_is_gone_back_behind_is_kept_under_another_name()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { SaveInterval = 5, EvalInterval = 5 } };
        using var run = new TestRun(folder.Path, config, faults: "nan@11,nan@12,nan@13,nan@11,nan@12,nan@13");
        Assert.Equal(StopReason.Finished, run.Run());
        TrainingIncident[] rollbacks = [.. run.Observer.Incidents.Where(i => i.Kind == IncidentKind.RolledBack)];
        Assert.Equal([10, 5], rollbacks.Select(i => i.Step));
        Assert.EndsWith("; the best checkpoint until now stays as 'step-00000010.abandoned'.", rollbacks[1].Message, StringComparison.Ordinal);
        Checkpoint.Load(folder.In("step-00000010.abandoned"), run.Model);
        Assert.Equal(run.Trainer.State.BestStep, run.Folder.BestStep);
        Assert.True(Directory.Exists(run.Folder.StepPath(run.Folder.BestStep!.Value)));
    }

    /// <summary>Updates that are left out change nothing: a checkpoint among them is as good as the one before, where that is gone.</summary>
    [Fact]
    public void Checkpoints_within_the_trouble_will_do_where_there_are_no_others()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { SaveInterval = 1, KeepCheckpoints = 2, SkipLimit = 6 } };
        using var run = new TestRun(folder.Path, config, faults: string.Join(',', Enumerable.Range(7, 6).Select(i => $"nan@{i}")));
        Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(11, Assert.Single(run.Observer.Incidents, i => i.Kind == IncidentKind.RolledBack).Step);
    }

    [Fact]
    public void Without_a_checkpoint_there_is_nothing_to_go_back_to()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { SaveInterval = 0 } };
        using var run = new TestRun(folder.Path, config, faults: "nan@1,nan@2,nan@3");
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.Empty(run.Folder.Steps());
    }

    [Theory]
    [InlineData(7)]
    [InlineData(11)]
    public void A_resume_after_a_rollback_is_exact(int stop)
    {
        using TemporaryFolder whole = new(), parts = new();
        const string Faults = "nan@8,nan@9,nan@10";
        using (var run = new TestRun(whole.Path, s_config, faults: Faults)) run.Run();
        using (var run = new TestRun(parts.Path, s_config, faults: Faults))
        {
            Assert.Equal(StopReason.StepLimit, run.Run(maxSteps: 13));
            Assert.Equal(1, run.Trainer.State.Rollbacks);
        }
        using (var run = new TestRun(parts.Path, s_config)) Assert.Equal(StopReason.StepLimit, run.Run(maxSteps: 13 + (stop % 5)));
        using (var run = new TestRun(parts.Path, s_config)) Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(File.ReadAllBytes(whole.In("step-00000020", "model.safetensors")), File.ReadAllBytes(parts.In("step-00000020", "model.safetensors")));
    }
}
