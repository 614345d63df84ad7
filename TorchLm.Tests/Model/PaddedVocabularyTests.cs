using TorchLm.Core.Configuration;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class PaddedVocabularyTests
{
    private static readonly ModelConfig s_config = TinyGpt.Config with { VocabularyMultiple = 64 };

    [Fact]
    public void Padding_changes_neither_weights_nor_logits()
    {
        using var scope = NewDisposeScope();
        using var padded = new Gpt(s_config, seed: 3);
        using var plain = new Gpt(TinyGpt.Config, seed: 3);
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, 1));
        Assert.Equal([64, 16L], padded.named_parameters().Single(p => p.name == "tokens.weight").parameter.shape);
        Assert.Equal([2, 8, 11L], padded.forward(ids).shape);
        float[] expected = TinyGpt.Values(plain.forward(ids)), actual = TinyGpt.Values(padded.forward(ids));
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5f);
    }

    [Fact]
    public void Padding_rows_get_no_gradient_and_stay_zero_under_weight_decay()
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(s_config, seed: 3);
        using var optimizer = new Optimizer(model, new OptimizerConfig { WeightDecay = 10 });
        int used = s_config.VocabularySize * s_config.EmbeddingSize;
        for (int step = 0; step < 5; step++)
        {
            model.AccumulateGradients(TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, step)), TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, step + 9)));
            float[] gradient = TinyGpt.Gradients(model)["tokens.weight"];
            Assert.All(gradient[used..], g => Assert.Equal(0f, g));
            Assert.All(gradient[..used], g => Assert.NotEqual(0f, g));
            optimizer.Step(0.01).Dispose();
        }
        Assert.All(TinyGpt.Parameters(model)["tokens.weight"][used..], w => Assert.Equal(0f, w));
        Assert.All(TinyGpt.Moments(optimizer)["tokens.weight.exp_avg_sq"][used..], m => Assert.Equal(0f, m));
    }

    [Fact]
    public void Padding_is_never_sampled()
    {
        using var model = new Gpt(s_config, seed: 3);
        var nearlyUniform = new SamplingOptions { Temperature = 1e6 };
        int[] drawn = [.. new TokenGenerator(model).Generate([0], nearlyUniform, count: 4).Take(200).SelectMany(t => t)];
        Assert.Equal(Enumerable.Range(0, 11), drawn.Distinct().Order()); // each of the vocabulary, and nothing else
    }
}
