using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class ShapeTests
{
    private static readonly ModelConfig s_config =
        new() { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 8, VocabularySize = 11 };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(2, 8)]
    public void Logits_have_a_row_of_the_vocabulary_for_each_token(int b, int t)
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(s_config, seed: 1);
        Tensor ids = zeros(b, t, ScalarType.Int64);
        Assert.Equal([b, t, 11L], model.forward(ids).shape);
        Assert.Equal([b, 11L], model.NextTokenLogits(ids).shape);
        Assert.Empty(model.Loss(ids, ids).shape);
    }

    [Fact]
    public void Training_for_some_steps_lowers_the_loss()
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(s_config, seed: 1);
        using var optimizer = new TorchLm.Core.Optimization.Optimizer(model, new OptimizerConfig { LearningRate = 1e-2 });
        Tensor ids = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [1, 8]), targets = tensor(new long[] { 2, 3, 4, 5, 6, 7, 8, 9 }, [1, 8]);
        double first = 0, last = 0;
        for (int i = 0; i < 60; i++)
        {
            Tensor loss = model.AccumulateGradients(ids, targets);
            optimizer.Step(1e-2);
            last = loss.item<float>();
            if (i == 0) first = last;
        }
        Assert.InRange(first, Math.Log(11) * 0.95, Math.Log(11) * 1.05);
        Assert.True(last < 0.1, $"loss {last}");
    }
}
