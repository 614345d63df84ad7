using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class GradientAccumulationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Micro_batches_give_the_gradient_of_the_whole_batch(int accumulation)
    {
        (double loss, double norm, Dictionary<string, float[]> gradients) = OneUpdate(accumulation);
        ReferenceResult whole = Whole();
        Assert.Equal(whole.Loss, loss, 1e-6);
        Assert.Equal(1, norm / whole.Norm, 1e-5);
        foreach ((string name, float[] gradient) in gradients)
        {
            float scale = whole.Gradients[name].Max(Math.Abs);
            for (int i = 0; i < gradient.Length; i++) Assert.Equal(whole.Gradients[name][i], gradient[i], 1e-5f * scale);
        }
    }

    [Fact]
    public void Each_step_asks_for_its_own_micro_batches()
    {
        using Gpt model = new(TinyGpt.Config);
        using var optimizer = new Optimizer(model, new OptimizerConfig());
        using var batches = new RandomBatches(1, 8, 11);
        using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(new OptimizerConfig(), 9), batches,
            new TrainingConfig { GradientAccumulationSteps = 3 });
        step.Run(0);
        step.Run(7);
        Assert.Equal([0, 1, 2, 21, 22, 23], batches.Asked);
        Assert.Equal(24, step.TokensAt(0));
    }

    private sealed record ReferenceResult(double Loss, double Norm, Dictionary<string, float[]> Gradients);

    /// <summary>The four sequences in one batch, straight through autograd.</summary>
    private static ReferenceResult Whole()
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        Batch batch = RandomBatches.Make(0, 4, 8, 11);
        Tensor logits = model.forward(batch.Inputs);
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, 11), batch.Targets.view(-1));
        loss.backward();
        Dictionary<string, float[]> gradients = TinyGpt.Gradients(model);
        return new ReferenceResult(loss.item<float>(), Math.Sqrt(gradients.Values.Sum(g => g.Sum(v => (double)v * v))), gradients);
    }

    /// <summary>
    /// The same sequences in micro-batches through one training step. Gradients are gone after it, but its first moment is (1 - beta1) times them.
    /// </summary>
    private static (double Loss, double Norm, Dictionary<string, float[]> Gradients) OneUpdate(int accumulation)
    {
        OptimizerConfig config = new() { Beta1 = 0.5, GradientClip = 0 };
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        using var optimizer = new Optimizer(model, config);
        using var batches = new Slices(accumulation);
        using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(config, 1), batches,
            new TrainingConfig { GradientAccumulationSteps = accumulation });
        step.Run(0);
        StepOutcome outcome = step.TakeOutcomes().Single();
        return (outcome.Loss, outcome.GradientNorm, model.named_parameters().ToDictionary(p => p.name,
            p => Array.ConvertAll(TinyGpt.Moments(optimizer)[p.name + ".exp_avg"], m => 2 * m)));
    }

    /// <summary>One batch of four sequences, cut into equal parts.</summary>
    private sealed class Slices(int parts) : IBatchSource
    {
        public int BatchSize => 4 / parts;

        public int ContextLength => 8;

        public Batch GetBatch(long index)
        {
            using Batch whole = RandomBatches.Make(0, 4, 8, 11);
            return new Batch(whole.Inputs.narrow(0, index * BatchSize, BatchSize), whole.Targets.narrow(0, index * BatchSize, BatchSize).contiguous());
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
