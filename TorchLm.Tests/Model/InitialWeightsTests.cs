using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class InitialWeightsTests
{
    [Theory]
    [InlineData(65, 64)]
    [InlineData(256, 128)]
    [InlineData(1024, 128)]
    [InlineData(5000, 128)]
    public void A_fresh_model_knows_nothing(int vocabulary, int width)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var model = new Gpt(new ModelConfig { VocabularySize = vocabulary, EmbeddingSize = width }, seed: 1337);
        Tensor inputs = TinyGpt.Ids(TinyGpt.RandomRows(4, 64, vocabulary, 1)), targets = TinyGpt.Ids(TinyGpt.RandomRows(4, 64, vocabulary, 2));
        double uniform = Math.Log(vocabulary);
        Assert.InRange(model.Loss(inputs, targets).item<float>(), uniform * 0.99, uniform * 1.01);
    }

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void Nor_does_one_of_any_architecture(string option)
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(ModelOptions.All[option] with { InitialDeviation = 0.02 }, seed: 1337);
        Tensor inputs = TinyGpt.Ids(TinyGpt.RandomRows(8, 8, 11, 1)), targets = TinyGpt.Ids(TinyGpt.RandomRows(8, 8, 11, 2));
        Assert.InRange(model.Loss(inputs, targets).item<float>(), Math.Log(11) * 0.97, Math.Log(11) * 1.03);
    }

    [Fact]
    public void With_projections_that_begin_at_zero_each_block_is_the_identity_and_every_token_as_likely()
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(ModelOptions.All["modern"], seed: 5);
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, 1));
        Tensor[] stream = model.ResidualStream(ids);
        Assert.All(stream, x => Assert.Equal(TinyGpt.Values(stream[0]), TinyGpt.Values(x)));
        Assert.All(TinyGpt.Values(model.forward(ids)), logit => Assert.Equal(0f, logit));
        foreach ((string name, float[] values) in TinyGpt.Parameters(model).Where(p => p.Value.Length > 1))
        {
            string[] ends = ["head.weight", ".output.weight", ".project.weight"];
            bool isZero = ends.Any(end => name.EndsWith(end, StringComparison.Ordinal));
            Assert.Equal(isZero, values.All(v => v == 0));
        }
    }

    [Fact]
    public void Weights_have_the_deviations_of_GPT_2()
    {
        using var model = new Gpt(new ModelConfig { LayerCount = 3, HeadCount = 2, EmbeddingSize = 64, VocabularySize = 101, Bias = true }, seed: 5);
        foreach ((string name, float[] values) in TinyGpt.Parameters(model))
        {
            bool isNorm = name.Contains("Norm", StringComparison.Ordinal), isBias = name.EndsWith(".bias", StringComparison.Ordinal);
            bool isResidual = name.EndsWith("attention.output.weight", StringComparison.Ordinal) || name.EndsWith("mlp.project.weight", StringComparison.Ordinal);
            if (isBias || isNorm)
            {
                Assert.All(values, v => Assert.Equal(isBias ? 0f : 1f, v));
                continue;
            }
            double expected = isResidual ? 0.02 / Math.Sqrt(2 * 3) : 0.02, n = values.Length;
            double mean = values.Average(v => (double)v), deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            Assert.True(Math.Abs(mean) < 4.5 * expected / Math.Sqrt(n), $"{name}: mean {mean}");
            Assert.True(Math.Abs(deviation - expected) < 4.5 * expected / Math.Sqrt(2 * n), $"{name}: deviation {deviation}, expected {expected}");
        }
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        using var one = new Gpt(TinyGpt.Config, seed: 1);
        using var two = new Gpt(TinyGpt.Config, seed: 2);
        foreach ((string name, float[] values) in TinyGpt.Parameters(one).Where(p => p.Value.Any(v => v is not (0 or 1))))
        {
            Assert.NotEqual(values, TinyGpt.Parameters(two)[name]);
        }
    }
}

[Collection(GlobalRandomState.Name)]
public class InitialWeightsAndTheProcessWideGeneratorTests
{
    [Fact]
    public void A_seed_gives_the_same_weights_whatever_else_was_drawn()
    {
        using var first = new Gpt(TinyGpt.Config, seed: 7);
        using (randn(100)) { }
        using var second = new Gpt(TinyGpt.Config, seed: 7);
        Dictionary<string, float[]> expected = TinyGpt.Parameters(first), actual = TinyGpt.Parameters(second);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, p => Assert.Equal(p.Value, actual[p.Key]));
    }

    [Fact]
    public void Making_a_model_draws_nothing_from_the_process_wide_generator()
    {
        using var scope = NewDisposeScope();
        byte[] before = get_rng_state().bytes.ToArray();
        using var model = new Gpt(TinyGpt.Config with { Bias = true, Dropout = 0.1 }, seed: 7);
        Assert.Equal(before, get_rng_state().bytes.ToArray());
        randn(1);
        Assert.NotEqual(before, get_rng_state().bytes.ToArray()); // the comparison can fail
    }
}
