using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class OverfittingTests
{
    [Theory]
    [InlineData(false, "tanh")]
    [InlineData(true, "exact")]
    public void A_tiny_model_learns_one_random_batch_by_heart(bool bias, string gelu)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = TinyGpt.Config with { EmbeddingSize = 32, Bias = bias, Gelu = gelu };
        using var model = new Gpt(config, seed: 1);
        using var optimizer = new Optimizer(model, new OptimizerConfig { WeightDecay = 0 });
        // No input row begins like another, so each target can be known.
        Tensor inputs = TinyGpt.Ids([.. TinyGpt.RandomRows(4, 8, 11, 1).Select((row, i) => new[] { (long)i }.Concat(row[1..]).ToArray())]);
        Tensor targets = TinyGpt.Ids(TinyGpt.RandomRows(4, 8, 11, 2));
        for (int step = 0; step < 200; step++)
        {
            using var stepScope = NewDisposeScope();
            model.AccumulateGradients(inputs, targets);
            optimizer.Step(5e-3);
        }
        Assert.InRange(model.Loss(inputs, targets).item<float>(), 0, 0.01);
    }
}
