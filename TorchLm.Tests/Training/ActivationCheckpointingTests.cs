using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

[Collection(GlobalRandomState.Name)]
public class ActivationCheckpointingTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(0.3, 1)]
    [InlineData(0.3, 3)]
    public void Weights_and_losses_are_the_same_to_the_bit(double dropout, int accumulation)
    {
        (double Loss, Dictionary<string, float[]> Weights) kept = ThreeSteps(dropout, accumulation, false), again = ThreeSteps(dropout, accumulation, true);
        Assert.Equal(kept.Loss, again.Loss);
        Assert.All(kept.Weights, p => Assert.Equal(p.Value, again.Weights[p.Key]));
        if (dropout > 0) Assert.NotEqual(kept.Loss, ThreeSteps(0, accumulation, false).Loss);
    }

    /// <summary>What is dropped of embeddings that are mixed in again is dropped once for all blocks; the sum of their gradients has another order.</summary>
    [Theory]
    [InlineData("llama")]
    [InlineData("norms after and all the rest")]
    [InlineData("modern with windows and one head of keys")]
    public void So_they_are_with_other_architectures(string option)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option] with { Dropout = 0.3 });
        model.train();
        using Batch batch = RandomBatches.Make(1, 2, 8, 11);
        (float loss, Dictionary<string, float[]> kept) = Compute(false);
        (float lossAgain, Dictionary<string, float[]> again) = Compute(true);
        Assert.Equal(loss, lossAgain);
        foreach ((string name, float[] gradient) in kept)
        {
            float scale = gradient.Max(Math.Abs);
            Assert.True(scale > 0, name);
            for (int i = 0; i < gradient.Length; i++) Assert.Equal(gradient[i], again[name][i], 1e-5f * Math.Max(scale, 0.1f));
        }

        (float, Dictionary<string, float[]>) Compute(bool checkpointed)
        {
            model.zero_grad();
            Action<int> seed = part => DropoutSeed.Apply(7, 0, 0, part, CPU);
            using Tensor result = model.AccumulateGradients(batch.Inputs, batch.Targets, null, seed, checkpointed);
            return (result.item<float>(), TinyGpt.Gradients(model));
        }
    }

    [Fact]
    public void Each_part_of_each_micro_batch_drops_others()
    {
        using var scope = NewDisposeScope();
        string[] masks = [.. from step in new[] { 0, 1 } from micro in new[] { 0, 1 } from part in new[] { 0, 1, 2 } select Mask(7, step, micro, part)];
        Assert.Equal(masks.Length, masks.Distinct().Count());
        Assert.NotEqual(Mask(7, 0, 0, 0), Mask(8, 0, 0, 0));
        Assert.Equal(masks[0], Mask(7, 0, 0, 0));

        static string Mask(long seed, long step, int micro, int part)
        {
            DropoutSeed.Apply(seed, step, micro, part, CPU);
            return string.Concat(TinyGpt.Values(nn.functional.dropout(ones(64), 0.5, training: true)).Select(v => v > 0 ? '1' : '0'));
        }
    }

    [Fact]
    public void A_run_that_was_stopped_can_be_resumed_with_it()
    {
        using TemporaryFolder whole = new(), pieces = new();
        RunConfig config = TestRun.Config with
        {
            Model = TestRun.Config.Model with { Dropout = 0.2 },
            Training = TestRun.Config.Training with { Steps = 20, GradientAccumulationSteps = 2 },
        };
        RunConfig checkpointed = config with { Training = config.Training with { ActivationCheckpointing = true } };
        using var first = new TestRun(whole.Path, config);
        first.Run();
        TestRun.RunIn(pieces.Path, config, stopAfter: 11);
        using var second = new TestRun(pieces.Path, checkpointed);
        Assert.True(second.SameConfig);
        second.Run();
        Assert.All(TinyGpt.Parameters(first.Model), p => Assert.Equal(p.Value, TinyGpt.Parameters(second.Model)[p.Key]));
    }

    private static (double Loss, Dictionary<string, float[]> Weights) ThreeSteps(double dropout, int accumulation, bool checkpointing)
    {
        var config = new OptimizerConfig();
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { LayerCount = 3, Dropout = dropout, Bias = true });
        model.train();
        using var optimizer = new Optimizer(model, config);
        using var batches = new RandomBatches(2, 8, 11);
        using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(config, 3), batches,
            new TrainingConfig { GradientAccumulationSteps = accumulation, ActivationCheckpointing = checkpointing });
        for (int i = 0; i < 3; i++) step.Run(i);
        return (step.TakeOutcomes().Sum(o => o.Loss), TinyGpt.Parameters(model));
    }
}
