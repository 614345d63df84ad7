using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class ResumeTests
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(1, 61)]
    [InlineData(3, 60)]
    [InlineData(1, 33, 34, 77)]
    [InlineData(2, 10, 99)]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bytes(int accumulation, params int[] stops)
    {
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { GradientAccumulationSteps = accumulation } };
        AssertResumesExactly(config, stops);
    }

    [Fact]
    public void Resuming_a_finished_run_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 8 } };
        TestRun.RunIn(folder.Path, config);
        Dictionary<string, byte[]> before = folder.Files().ToDictionary(f => f, f => File.ReadAllBytes(folder.In(f)));
        Assert.Equal(StopReason.Finished, TestRun.RunIn(folder.Path, config));
        Assert.Equal(before.Keys, folder.Files());
        Assert.All(before, f => Assert.Equal(f.Value, File.ReadAllBytes(folder.In(f.Key))));
    }

    [Fact]
    public void Resume_says_whether_the_configuration_is_the_same()
    {
        using var folder = new TemporaryFolder();
        TestRun.RunIn(folder.Path, TestRun.Config, stopAfter: 3);
        using var same = new TestRun(folder.Path, TestRun.Config);
        using var other = new TestRun(folder.Path, TestRun.Config with { Optimizer = TestRun.Config.Optimizer with { WeightDecay = 0.2 } });
        Assert.True(same.SameConfig);
        Assert.False(other.SameConfig);
        Assert.Equal(3, same.Trainer.State.Step);
        Assert.Equal(3 * 2 * 8, same.Trainer.State.Tokens);
    }

    /// <summary>Each step sleeps for 2 ms, so that no machine can make more than 500 steps of 16 tokens in a second.</summary>
    [Fact]
    public void Throughput_after_a_resume_counts_the_time_of_all_the_steps_that_it_counts()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 50, LogInterval = 50, SaveInterval = 0 } };
        using (var first = new TestRun(folder.Path, config, stopAfter: 49, beforeStep: (_, _) => Thread.Sleep(2))) first.Run();
        using var second = new TestRun(folder.Path, config, beforeStep: (_, _) => Thread.Sleep(2));
        second.Run();
        Assert.InRange(second.Observer.Steps.Single().TokensPerSecond, 1, 500 * 16);
    }

    [Fact]
    public void A_run_that_was_stopped_before_its_first_step_keeps_its_first_evaluation()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 8 } };
        using (var first = new TestRun(folder.Path, config)) Assert.Equal(StopReason.StepLimit, first.Run(maxSteps: 0));
        TestRun.RunIn(folder.Path, config);
        using var whole = new TemporaryFolder();
        TestRun.RunIn(whole.Path, config);
        Assert.Equal(MetricsWithoutTimes(whole), MetricsWithoutTimes(folder));
    }

    [Fact]
    public void Another_seed_ends_with_other_weights()
    {
        using TemporaryFolder one = new(), two = new();
        TestRun.RunIn(one.Path, TestRun.Config, stopAfter: 3);
        TestRun.RunIn(two.Path, TestRun.Config with { Training = TestRun.Config.Training with { Seed = 4 } }, stopAfter: 3);
        Assert.NotEqual(Read(one, 3, "model.safetensors"), Read(two, 3, "model.safetensors"));
    }

    internal static void AssertResumesExactly(RunConfig config, params int[] stops)
    {
        using TemporaryFolder whole = new(), pieces = new();
        Assert.Equal(StopReason.Finished, TestRun.RunIn(whole.Path, config));
        foreach (int stop in stops)
        {
            // Where batches grow, a batch's number does not say which step it is of.
            if (config.Training.BatchWarmupSteps == 0) Assert.Equal(StopReason.Cancelled, TestRun.RunIn(pieces.Path, config, stop));
            else Assert.Equal(StopReason.StepLimit, RunUntil(pieces.Path, config, stop));
            Assert.Equal(stop, new RunFolder(pieces.Path).LatestStep);
        }
        Assert.Equal(StopReason.Finished, TestRun.RunIn(pieces.Path, config));

        Assert.Equal(Read(whole, 100, "model.safetensors"), Read(pieces, 100, "model.safetensors"));
        Assert.Equal(Read(whole, 100, "optimizer.safetensors"), Read(pieces, 100, "optimizer.safetensors"));
        Assert.Equal(MetricsWithoutTimes(whole), MetricsWithoutTimes(pieces));
        Assert.Equal(File.ReadAllText(whole.In("best.json")), File.ReadAllText(pieces.In("best.json")));
    }

    private static StopReason RunUntil(string folder, RunConfig config, int step)
    {
        using var run = new TestRun(folder, config);
        return run.Run(maxSteps: step);
    }

    private static byte[] Read(TemporaryFolder folder, long step, string name) =>
        File.ReadAllBytes(Path.Combine(new RunFolder(folder.Path).StepPath(step), name));

    /// <summary>Lines of metrics without what depends on the clock and the machine.</summary>
    internal static string[] MetricsWithoutTimes(TemporaryFolder folder) =>
    [
        .. File.ReadLines(folder.In("metrics.jsonl")).Select(line =>
        {
            JsonObject json = JsonNode.Parse(line)!.AsObject();
            foreach (string name in new[] { "tokens_per_second", "mfu", "rss_mb", "ms", "seconds" }) json.Remove(name);
            return json.ToJsonString();
        }),
    ];
}

[Collection(GlobalRandomState.Name)]
public class ResumeWithDropoutTests
{
    private static readonly RunConfig s_config = TestRun.Config with { Model = TestRun.Config.Model with { Dropout = 0.2 } };

    [Theory]
    [InlineData(1, 60)]
    [InlineData(3, 41, 67)]
    public void Dropout_is_what_it_would_have_been(int accumulation, params int[] stops)
    {
        using (manual_seed(Environment.TickCount64)) { } // where the process-wide generator stands must not matter
        ResumeTests.AssertResumesExactly(s_config with { Training = s_config.Training with { GradientAccumulationSteps = accumulation } }, stops);
    }

    [Fact]
    public void Dropout_differs_between_steps_and_micro_batches_and_is_off_in_evaluation()
    {
        using var scope = NewDisposeScope();
        using var model = TinyGpt.WithWideWeights(s_config.Model);
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(1, 8, 11, 1));
        float[] Logits(long? seedOfStep)
        {
            if (seedOfStep is { } step) DropoutSeed.Apply(3, step, 0, 0, CPU);
            return TinyGpt.Values(model.forward(ids));
        }

        float[] first = Logits(0);
        Assert.NotEqual(first, Logits(null));
        Assert.NotEqual(first, Logits(1));
        Assert.Equal(first, Logits(0));
        model.eval();
        Assert.Equal(Logits(0), Logits(1));
    }
}
