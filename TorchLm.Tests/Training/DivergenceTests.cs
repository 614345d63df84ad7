using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class DivergenceTests
{
    [Fact]
    public void A_loss_that_is_no_number_ends_the_run_and_leaves_the_checkpoints_before_it()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(logInterval: 1, saveInterval: 2), beforeStep: PoisonAt(5));
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.Equal(4, run.Folder.LatestStep);
        AssertAllCheckpointsAreSound(run);
        JsonNode last = JsonNode.Parse(File.ReadLines(run.Folder.MetricsPath).Last())!;
        Assert.Equal(6, (long)last["step"]!);
        Assert.Null(last["train_loss"]);
    }

    [Fact]
    public void A_learning_rate_beyond_reason_ends_as_a_divergence()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = Config(logInterval: 1, saveInterval: 50) with { Optimizer = new OptimizerConfig { LearningRate = 1e30, WarmupSteps = 0 } };
        using var run = new TestRun(folder.Path, config);
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.All(File.ReadLines(run.Folder.MetricsPath), line => Assert.NotNull(JsonNode.Parse(line)));
    }

    [Fact]
    public void Nothing_broken_is_saved_between_two_lines_of_metrics()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(logInterval: 100, saveInterval: 2), beforeStep: PoisonAt(5));
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.Equal(4, run.Folder.LatestStep);
        AssertAllCheckpointsAreSound(run);
    }

    [Fact]
    public void A_run_that_is_stopped_after_it_diverged_saves_nothing_broken()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(logInterval: 100, saveInterval: 4), stopAfter: 7, beforeStep: PoisonAt(5));
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.Equal(4, run.Folder.LatestStep);
        AssertAllCheckpointsAreSound(run);
    }

    [Fact]
    public void A_gradient_that_is_no_number_at_the_last_step_is_left_out()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(logInterval: 1, saveInterval: 2), beforeStep: (step, model) =>
        {
            // What is there already is added to.
            if (step == 19) model.named_parameters().Single(p => p.name == "finalNorm.weight").parameter.grad = full([16], float.PositiveInfinity);
        });
        Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(20, run.Folder.LatestStep);
        Assert.Equal(1, run.Trainer.State.SkippedUpdates);
        AssertAllCheckpointsAreSound(run);
    }

    private static Action<long, Gpt> PoisonAt(long at) => (step, model) =>
    {
        if (step != at) return;
        using var noGradient = no_grad();
        model.named_parameters().Single(p => p.name == "finalNorm.weight").parameter.fill_(float.NaN);
    };

    private static RunConfig Config(int logInterval, int saveInterval) => TestRun.Config with
    {
        Training = TestRun.Config.Training with { Steps = 20, LogInterval = logInterval, SaveInterval = saveInterval, EvalInterval = 100, KeepCheckpoints = 9, SkipLimit = 3, OnDivergence = "stop" },
    };

    private static void AssertAllCheckpointsAreSound(TestRun run)
    {
        using var fresh = new Gpt(TestRun.Config.Model);
        foreach (long step in run.Folder.Steps())
        {
            Checkpoint.Load(run.Folder.StepPath(step), fresh);
            Assert.All(TinyGpt.Parameters(fresh), p => Assert.All(p.Value, v => Assert.True(float.IsFinite(v), $"step {step}, {p.Key}")));
        }
    }

    [Fact]
    public void In_fp16_a_step_whose_gradients_overflow_is_left_out_and_the_run_goes_on()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 12, LogInterval = 1, Precision = "fp16" } };
        TestRun? run = null;
        using (run = new TestRun(folder.Path, config, beforeStep: (step, _) =>
        {
            using var noGradient = no_grad();
            if (step == 4) run!.Trainer.Scaler!.Scale.copy_(tensor(1e30f));
        }))
        {
            Assert.Equal(StopReason.Finished, run.Run());
            Assert.True(run.Trainer.State.SkippedUpdates >= 1);
            Assert.True(run.Observer.Steps[^1].TrainLoss < run.Observer.Steps[0].TrainLoss + 0.1);
        }
    }

    [Fact]
    public void In_fp16_a_run_is_resumed_exactly_with_its_loss_scale()
    {
        using TemporaryFolder whole = new(), parts = new();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 10, SaveInterval = 5, Precision = "fp16" } };
        TestRun.RunIn(whole.Path, config);
        TestRun.RunIn(parts.Path, config, stopAfter: 6);
        TestRun.RunIn(parts.Path, config);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Path, "step-00000010", file)), File.ReadAllBytes(Path.Combine(parts.Path, "step-00000010", file)));
        }
    }
}
