using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class AdamWTests
{
    private static readonly ModelConfig s_model = TinyGpt.Config with { LayerCount = 1, Bias = true };

    [Theory]
    [InlineData(0)]          // off
    [InlineData(1e6)]        // on, but never reached
    [InlineData(0.5)]        // reached at every step
    public void Twenty_updates_agree_with_double_precision(double clip)
    {
        OptimizerConfig config = new() { WeightDecay = 0.3, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-6, GradientClip = clip };
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, config);
        var reference = new ReferenceAdamW(config, TinyGpt.Parameters(model).ToDictionary(p => p.Key, p => Array.ConvertAll(p.Value, v => (double)v)));
        var random = new Random(4);
        for (int step = 0; step < 20; step++)
        {
            double size = Math.Pow(10, random.NextDouble() * 4 - 2), rate = 0.01 * (step + 1);
            Dictionary<string, double[]> gradients = SetGradients(model, random, size);
            double expected = reference.Step(gradients, name => name.EndsWith(".weight", StringComparison.Ordinal)
                && !name.Contains("Norm", StringComparison.Ordinal), rate);
            using Tensor norm = optimizer.Step(rate);
            Assert.Equal(1, norm.item<float>() / expected, 1e-6);
            if (clip == 0.5) Assert.True(expected > clip, "clipping is not tested where the norm is below it");
        }
        Assert.Equal(20, optimizer.StepCount);
        Dictionary<string, float[]> weights = TinyGpt.Parameters(model), moments = TinyGpt.Moments(optimizer);
        foreach (string name in weights.Keys)
        {
            AssertClose(name, reference.Weights[name], weights[name]);
            AssertClose(name + ".exp_avg", reference.First[name], moments[name + ".exp_avg"]);
            AssertClose(name + ".exp_avg_sq", reference.Second[name], moments[name + ".exp_avg_sq"]);
        }
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.PositiveInfinity)]
    public void An_update_whose_gradient_or_loss_is_not_finite_is_left_out(double size, float lossValue)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(s_model), other = TinyGpt.WithWideWeights(s_model);
        using Optimizer optimizer = new(model, new OptimizerConfig()), plain = new(other, new OptimizerConfig());
        foreach ((Gpt gpt, Optimizer adam) in new[] { (model, optimizer), (other, plain) })
        {
            SetGradients(gpt, new Random(1), 1);
            adam.Step(0.1, tensor(2f));
        }
        Dictionary<string, float[]> weights = TinyGpt.Parameters(model), moments = TinyGpt.Moments(optimizer);
        SetGradients(model, new Random(2), size);
        optimizer.Step(0.1, tensor(lossValue));
        Assert.Equal(1, optimizer.Skipped.item<float>());
        Assert.All(TinyGpt.Parameters(model), p => Assert.Equal(weights[p.Key], p.Value));
        Assert.All(TinyGpt.Moments(optimizer), m => Assert.Equal(moments[m.Key], m.Value));

        // The next one is what it would have been without it: moments are corrected for updates, not for calls.
        foreach ((Gpt gpt, Optimizer adam) in new[] { (model, optimizer), (other, plain) })
        {
            SetGradients(gpt, new Random(3), 1);
            adam.Step(0.1, tensor(2f));
        }
        Assert.All(TinyGpt.Parameters(model), p => Assert.Equal(TinyGpt.Parameters(other)[p.Key], p.Value));
    }

    [Fact]
    public void Gradients_are_gone_after_an_update()
    {
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, new OptimizerConfig());
        SetGradients(model, new Random(1), 1);
        optimizer.Step(0.1).Dispose();
        Assert.All(model.named_parameters(), p => Assert.Null(p.parameter.grad));
    }

    [Fact]
    public void A_parameter_without_a_gradient_is_named_and_nothing_changes()
    {
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, new OptimizerConfig());
        SetGradients(model, new Random(1), 1);
        model.named_parameters().Single(p => p.name == "blocks.0.mlp.expand.bias").parameter.grad = null;
        Dictionary<string, float[]> before = TinyGpt.Parameters(model);
        var failure = Assert.Throws<InvalidOperationException>(() => optimizer.Step(0.1));
        Assert.Contains("blocks.0.mlp.expand.bias", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, optimizer.StepCount);
        Assert.All(TinyGpt.Parameters(model), p => Assert.Equal(before[p.Key], p.Value));
    }

    [Fact]
    public void State_restores_the_optimiser_bit_for_bit()
    {
        using Gpt model = TinyGpt.WithWideWeights(s_model), copy = TinyGpt.WithWideWeights(s_model);
        using Optimizer optimizer = new(model, new OptimizerConfig()), restored = new(copy, new OptimizerConfig());
        for (int step = 0; step < 3; step++) Update(model, optimizer, step);
        SetGradients(model, new Random(9), double.NaN); // left out, so that one update fewer is corrected for
        optimizer.Step(0.01).Dispose();
        using (no_grad())
        {
            foreach (((_, Tensor to), (_, Tensor from)) in restored.State.Zip(optimizer.State)) to.copy_(from);
            foreach (((_, Tensor to), (_, Tensor from)) in copy.named_parameters().Zip(model.named_parameters())) to.copy_(from);
        }
        restored.RestoreCounts(optimizer.StepCount, (long)optimizer.Skipped.item<float>());
        Update(model, optimizer, 3);
        Update(copy, restored, 3);
        Assert.All(TinyGpt.Parameters(copy), p => Assert.Equal(TinyGpt.Parameters(model)[p.Key], p.Value));

        static void Update(Gpt model, Optimizer optimizer, int seed)
        {
            SetGradients(model, new Random(seed), 1);
            optimizer.Step(0.01).Dispose();
        }
    }

    internal static Dictionary<string, double[]> SetGradients(Gpt model, Random random, double size)
    {
        var gradients = new Dictionary<string, double[]>();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            using var scope = NewDisposeScope();
            float[] values = [.. Enumerable.Range(0, (int)parameter.numel()).Select(_ => (float)(size * TinyGpt.Normal(random)))];
            parameter.grad = tensor(values, parameter.shape).DetachFromDisposeScope();
            gradients[name] = Array.ConvertAll(values, v => (double)v);
        }
        return gradients;
    }

    internal static void AssertClose(string what, double[] expected, float[] actual)
    {
        double scale = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= 3e-6 * scale, $"{what}: off by {worst:g3} at a scale of {scale:g3}");
    }
}
