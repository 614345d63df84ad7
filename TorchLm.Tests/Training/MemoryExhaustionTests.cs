using System.Runtime.InteropServices;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class MemoryExhaustionTests
{
    private static readonly RunConfig s_config = TestRun.Config with
    {
        Training = TestRun.Config.Training with { Steps = 12, BatchSize = 6, GradientAccumulationSteps = 2, SaveInterval = 5, LogInterval = 3, EvalInterval = 6 },
    };

    [Fact]
    public void Libtorchs_own_failure_is_recognised()
    {
        var failure = Assert.ThrowsAny<ExternalException>(() => zeros(1L << 50));
        Assert.True(MemoryExhaustion.Caused(failure));
        Assert.True(MemoryExhaustion.Caused(new InsufficientMemoryException()));
        Assert.False(MemoryExhaustion.Caused(Assert.ThrowsAny<ExternalException>(() => zeros(2).reshape(3))));
        Assert.False(MemoryExhaustion.Caused(new IOException("out of memory")));
    }

    [Fact]
    public void Smaller_micro_batches_give_the_same_run_but_for_rounding()
    {
        using TemporaryFolder whole = new(), halved = new();
        using var plain = new TestRun(whole.Path, s_config);
        using var run = new TestRun(halved.Path, s_config, faults: "out-of-memory@4,out-of-memory@4");
        Assert.Equal(StopReason.Finished, plain.Run());
        Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal(
            [
                "Memory ran out at step 4: micro-batches of 6 sequences become 3, and the gradients of as many more are added up, so that the batch stays the same.",
                "Memory ran out at step 4: micro-batches of 3 sequences become 1, and the gradients of as many more are added up, so that the batch stays the same.",
            ], run.Observer.Incidents.Select(i => i.Message));
        Assert.Equal(1, run.Trainer.State.MicroBatch);
        Assert.Equal(plain.Trainer.State.Tokens, run.Trainer.State.Tokens);
        foreach ((StepMetrics expected, StepMetrics actual) in plain.Observer.Steps.Zip(run.Observer.Steps)) Assert.Equal(expected.TrainLoss, actual.TrainLoss, 1e-5);
        foreach ((EvaluationMetrics expected, EvaluationMetrics actual) in plain.Observer.Evaluations.Zip(run.Observer.Evaluations))
        {
            Assert.Equal(expected.Result.Tokens, actual.Result.Tokens);
            Assert.Equal(expected.Result.Loss, actual.Result.Loss, 1e-5);
        }
        Dictionary<string, float[]> weights = TinyGpt.Parameters(plain.Model);
        Assert.All(TinyGpt.Parameters(run.Model), p => Assert.All(p.Value.Zip(weights[p.Key]), v => Assert.Equal(v.First, v.Second, 1e-4)));
    }

    [Fact]
    public void A_resume_keeps_the_smaller_micro_batches_and_is_exact()
    {
        using TemporaryFolder whole = new(), parts = new();
        using (var run = new TestRun(whole.Path, s_config, faults: "out-of-memory@4")) run.Run();
        using (var run = new TestRun(parts.Path, s_config, faults: "out-of-memory@4", stopAfter: 7)) run.Run();
        using (var run = new TestRun(parts.Path, s_config))
        {
            Assert.Equal(3, run.Trainer.State.MicroBatch);
            run.Run();
        }
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(whole.In("step-00000012", file)), File.ReadAllBytes(parts.In("step-00000012", file)));
        }
    }

    [Fact]
    public void Where_one_sequence_is_too_much_the_failure_is_the_callers()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_config, faults: "out-of-memory@4,out-of-memory@4,out-of-memory@4");
        Assert.True(MemoryExhaustion.Caused(Assert.ThrowsAny<ExternalException>(() => run.Run())));
    }

    [Fact]
    public void Nothing_is_left_of_a_step_that_failed()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { Steps = 40, EvalInterval = 100, SaveInterval = 0 } };
        List<long> live = [];
        using var run = new TestRun(folder.Path, config, faults: "out-of-memory@20", beforeStep: (step, _) =>
        {
            if (step is 12 or 30) live.Add(LiveTensors.OfThisThread);
        });
        run.Run();
        Assert.Equal(live[0], live[1]);
    }
}
