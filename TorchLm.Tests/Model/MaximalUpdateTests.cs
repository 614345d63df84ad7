using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>The maximal update parametrisation (Yang et al. 2022): what it changes by width, and what it promises of widths.</summary>
public class MaximalUpdateTests
{
    private static readonly ModelConfig s_wide = TinyGpt.Config with { TiedHead = false, Bias = true, ValueEmbeddings = true };

    [Theory]
    [InlineData("adamw")]
    [InlineData("muon")]
    public void A_model_of_the_base_width_is_the_standard_one_bit_for_bit(string optimizer)
    {
        Dictionary<string, float[]> standard = Trained(s_wide), based = Trained(s_wide with { BaseWidth = s_wide.EmbeddingSize });
        Assert.All(standard, p => Assert.Equal(p.Value, based[p.Key]));

        Dictionary<string, float[]> Trained(ModelConfig config)
        {
            using var model = new Gpt(config, seed: 3);
            Train(model, new OptimizerConfig { Name = optimizer }, steps: 3, rate: 1e-3);
            return TinyGpt.Parameters(model);
        }
    }

    /// <summary>Table 8: variance 1/m of the standard one for matrices from hidden to hidden; embeddings, head and vectors as they are.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(16)]
    [InlineData(128)]
    public void Matrices_of_blocks_begin_with_a_deviation_that_falls_with_the_root_of_the_width(int baseWidth)
    {
        ModelConfig config = s_wide with { EmbeddingSize = 64, VocabularySize = 101, BaseWidth = baseWidth };
        using Gpt standard = new(config with { BaseWidth = 0 }, seed: 5), wide = new(config, seed: 5);
        Dictionary<string, float[]> expected = TinyGpt.Parameters(standard);
        foreach ((string name, float[] values) in TinyGpt.Parameters(wide))
        {
            double factor = IsMatrix(name) ? Math.Sqrt(baseWidth / 64.0) : 1; // the same draws, times another number
            Assert.All(values.Zip(expected[name]), v => Assert.Equal(factor * v.Second, v.First, 1e-6 * Math.Abs(v.Second)));
        }
    }

    [Fact]
    public void Matrices_that_begin_at_zero_do_so_at_every_width()
    {
        using var model = new Gpt(s_wide with { BaseWidth = 4, ZeroInitProjections = true }, seed: 5);
        string[] ends = ["output.weight", "project.weight", "head.weight"];
        Assert.All(TinyGpt.Parameters(model).Where(p => ends.Any(p.Key.EndsWith)).SelectMany(p => p.Value), value => Assert.Equal(0f, value));
    }

    /// <summary>The first step of AdamW and of Lion moves every number that has a gradient by the rate.</summary>
    [Theory]
    [InlineData("adamw", 4)]
    [InlineData("adamw", 32)]
    [InlineData("lion", 4)]
    public void Matrices_of_blocks_learn_at_a_rate_that_falls_with_the_width(string optimizer, int baseWidth)
    {
        const double Rate = 1e-2;
        using var model = new Gpt(s_wide with { BaseWidth = baseWidth, InitialDeviation = 0.3 }, seed: 3);
        Dictionary<string, float[]> before = TinyGpt.Parameters(model);
        Train(model, new OptimizerConfig { Name = optimizer, WeightDecay = 0, GradientClip = 0 }, steps: 1, Rate);
        foreach ((string name, float[] values) in TinyGpt.Parameters(model))
        {
            double moved = values.Zip(before[name]).Max(v => Math.Abs((double)v.First - v.Second)), expected = IsMatrix(name) ? Rate * baseWidth / 16 : Rate;
            Assert.InRange(moved, 0.98 * expected, 1.02 * expected);
        }
    }

    /// <summary>An update that is nearly orthogonal has a length that its shape decides.</summary>
    [Fact]
    public void Muons_updates_of_matrices_are_as_long_as_without_it()
    {
        double[] standard = Lengths(0), wide = Lengths(4);
        Assert.Equal(8, standard.Length);
        Assert.All(standard.Zip(wide), lengths => Assert.InRange(lengths.Second / lengths.First, 0.8, 1.25)); // and not a quarter

        static double[] Lengths(int baseWidth)
        {
            using var model = new Gpt(s_wide with { BaseWidth = baseWidth, InitialDeviation = 0.3 }, seed: 3);
            Dictionary<string, float[]> before = TinyGpt.Parameters(model);
            Train(model, new OptimizerConfig { Name = "muon", WeightDecay = 0 }, steps: 1, rate: 1e-2);
            return [.. TinyGpt.Parameters(model).Where(p => IsMatrix(p.Key))
                .Select(p => Math.Sqrt(p.Value.Zip(before[p.Key]).Sum(v => Math.Pow((double)v.First - v.Second, 2))))];
        }
    }

    [Fact]
    public void Logits_are_divided_by_the_width_in_every_way_to_them()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt standard = TinyGpt.WithWideWeights(TinyGpt.Config), wide = TinyGpt.WithWideWeights(TinyGpt.Config with { BaseWidth = 4 });
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, 1));
        Quarter(standard.forward(ids), wide.forward(ids));
        Quarter(standard.NextTokenLogits(ids), wide.NextTokenLogits(ids));
        Quarter(standard.ReadOff(standard.ResidualStream(ids)[1]), wide.ReadOff(wide.ResidualStream(ids)[1]));

        static void Quarter(Tensor all, Tensor divided) =>
            Assert.All(TinyGpt.Values(all).Zip(TinyGpt.Values(divided)), v => Assert.Equal(v.First / 4, v.Second, 1e-5));
    }

    [Fact]
    public void Gradient_descent_is_refused_for_its_rates_follow_another_table() =>
        Assert.Equal("model.baseWidth is 64, but its table of rates is that of adamw, lion and muon, and optimizer.name is sgd.",
            Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test.json", ["model.baseWidth=64", "optimizer.name=sgd"])).Message);

    /// <summary>
    /// The coordinate check of the paper's appendix D.1: after a few steps at a high rate, activations and changes of logits are as large at every
    /// width, where they grow with it in the standard parametrisation.
    /// </summary>
    [Fact]
    public void Activations_after_some_steps_are_as_large_at_every_width()
    {
        int[] widths = [64, 128, 256];
        (double Hidden, double Logits)[] maximal = [.. widths.Select(w => AfterSteps(w, 64))], standard = [.. widths.Select(w => AfterSteps(w, 0))];
        string all = $"maximal {string.Join(", ", maximal)}; standard {string.Join(", ", standard)}";
        Assert.True(Spread(maximal.Select(m => m.Hidden)) < 1.5, all);
        Assert.True(maximal[2].Logits < 1.5 * maximal[0].Logits, all);
        Assert.True(standard[2].Hidden > 2 * standard[0].Hidden, all);
        Assert.True(standard[2].Logits > 2 * standard[0].Logits, all);
    }

    private static double Spread(IEnumerable<double> values) => values.Max() / values.Min();

    /// <summary>Root mean squares of the last block's output, and of what steps have changed in the logits.</summary>
    private static (double Hidden, double Logits) AfterSteps(int width, int baseWidth)
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(new ModelConfig
        {
            LayerCount = 2, HeadCount = width / 16, EmbeddingSize = width, ContextLength = 16, VocabularySize = 32, BaseWidth = baseWidth,
        }, seed: 1);
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(4, 16, 32, 9));
        float[] before = Logits();
        Train(model, new OptimizerConfig { WeightDecay = 0 }, steps: 4, rate: 1e-2, rows: 4);
        using var noGradient = no_grad();
        return (RootMeanSquare(TinyGpt.Values(model.ResidualStream(ids)[^1])), RootMeanSquare(Logits().Zip(before, (a, b) => a - b)));

        float[] Logits()
        {
            using var none = no_grad();
            return TinyGpt.Values(model.forward(ids));
        }
    }

    private static double RootMeanSquare(IEnumerable<float> values) => Math.Sqrt(values.Average(v => (double)v * v));

    private static bool IsMatrix(string name)
    {
        string[] ends = ["attention.qkv.weight", "attention.output.weight", "mlp.expand.weight", "mlp.project.weight"];
        return ends.Any(name.EndsWith);
    }

    private static void Train(Gpt model, OptimizerConfig config, int steps, double rate, int rows = 2)
    {
        using var scope = NewDisposeScope();
        using var optimizer = new Optimizer(model, config);
        int length = model.Config.ContextLength, vocabulary = model.Config.VocabularySize;
        Tensor inputs = TinyGpt.Ids(TinyGpt.RandomRows(rows, length, vocabulary, 1)), targets = TinyGpt.Ids(TinyGpt.RandomRows(rows, length, vocabulary, 2));
        for (int step = 0; step < steps; step++)
        {
            model.AccumulateGradients(inputs, targets).Dispose();
            optimizer.Step(rate).Dispose();
        }
    }
}
