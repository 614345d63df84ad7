using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

/// <summary>What holds for every algorithm.</summary>
public class OptimizerTests
{
    private static readonly ModelConfig s_model = TinyGpt.Config with { LayerCount = 1, Bias = true };

    [Theory]
    [InlineData("lion", false)]
    [InlineData("sgd", false)]
    [InlineData("adamw", true)]
    public void Updates_agree_with_double_precision(string name, bool cautious)
    {
        OptimizerConfig config = new()
        {
            Name = name, Cautious = cautious, WeightDecay = 2, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-6, Momentum = 0.7, GradientClip = 0,
        };
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, config);
        Dictionary<string, ReferenceRules> references = TinyGpt.Parameters(model)
            .ToDictionary(p => p.Key, p => new ReferenceRules(config, Array.ConvertAll(p.Value, v => (double)v)));
        for (int step = 0; step < 10; step++)
        {
            double rate = 0.002 * (step + 1);
            foreach ((string parameter, double[] gradient) in AdamWTests.SetGradients(model, new Random(step), 1))
            {
                bool isMatrix = parameter.EndsWith(".weight", StringComparison.Ordinal) && !parameter.Contains("Norm", StringComparison.Ordinal);
                references[parameter].Step(gradient, rate, isMatrix);
            }
            optimizer.Step(rate).Dispose();
        }
        Dictionary<string, float[]> weights = TinyGpt.Parameters(model), state = TinyGpt.Moments(optimizer);
        foreach ((string parameter, ReferenceRules reference) in references)
        {
            AdamWTests.AssertClose(parameter, reference.Weights, weights[parameter]);
            string momentum = parameter + (name == "adamw" ? ".exp_avg" : ".momentum_buffer");
            AdamWTests.AssertClose(momentum, reference.Momentum, state[momentum]);
        }
    }

    [Theory]
    [InlineData("lion")]
    [InlineData("sgd")]
    [InlineData("muon")]
    public void Clipping_divides_the_gradient(string name)
    {
        OptimizerConfig config = new() { Name = name, GradientClip = 0.5 };
        using Gpt clipped = TinyGpt.WithWideWeights(s_model), scaled = TinyGpt.WithWideWeights(s_model);
        using Optimizer one = new(clipped, config), other = new(scaled, config with { GradientClip = 0 });
        for (int step = 0; step < 3; step++)
        {
            AdamWTests.SetGradients(clipped, new Random(step), 1);
            AdamWTests.SetGradients(scaled, new Random(step), 1);
            using var scope = NewDisposeScope();
            using (no_grad())
            {
                Tensor divisor = GradientNorm.Of(scaled.parameters().Select(p => p.grad!)).div(0.5);
                foreach (TorchSharp.Modules.Parameter parameter in scaled.parameters()) parameter.grad!.div_(divisor);
            }
            one.Step(1e-3);
            other.Step(1e-3);
        }
        Dictionary<string, float[]> expected = TinyGpt.Parameters(scaled);
        Assert.All(TinyGpt.Parameters(clipped), p => AdamWTests.AssertClose(p.Key, Array.ConvertAll(expected[p.Key], v => (double)v), p.Value));
    }

    [Theory]
    [InlineData("adamw", false, double.NaN, 1)]
    [InlineData("adamw", true, double.PositiveInfinity, 1)]
    [InlineData("muon", false, double.NaN, 1)]
    [InlineData("muon", true, double.PositiveInfinity, 1)]
    [InlineData("muon", false, 1, float.NaN)]
    [InlineData("lion", false, double.NaN, 1)]
    [InlineData("lion", false, 1, float.PositiveInfinity)]
    [InlineData("sgd", false, double.PositiveInfinity, 1)]
    [InlineData("sgd", false, 1, float.NaN)]
    public void An_update_whose_gradient_or_loss_is_not_finite_changes_nothing(string name, bool cautious, double size, float lossValue)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, new OptimizerConfig { Name = name, Cautious = cautious, AverageDecay = 0.9 });
        AdamWTests.SetGradients(model, new Random(1), 1);
        optimizer.Step(0.01, tensor(2f));
        Dictionary<string, float[]> weights = TinyGpt.Parameters(model), state = TinyGpt.Moments(optimizer);
        Dictionary<string, float[]> average = optimizer.Average!.Values.ToDictionary(p => p.Key, p => TinyGpt.Values(p.Value));
        AdamWTests.SetGradients(model, new Random(2), size);
        optimizer.Step(0.01, tensor(lossValue));
        Assert.Equal(1, optimizer.Skipped.item<float>());
        Assert.All(TinyGpt.Parameters(model), p => Assert.Equal(weights[p.Key], p.Value));
        Assert.All(TinyGpt.Moments(optimizer), s => Assert.Equal(state[s.Key], s.Value));
        Assert.All(optimizer.Average.Values, a => Assert.Equal(average[a.Key], TinyGpt.Values(a.Value)));
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("muon")]
    [InlineData("lion")]
    [InlineData("sgd")]
    public void Who_keeps_a_copy_of_a_parameter_sees_that_it_changed(string name)
    {
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, new OptimizerConfig { Name = name });
        long[] before = [.. model.parameters().Select(p => Aten.Version(p))];
        AdamWTests.SetGradients(model, new Random(1), 1);
        optimizer.Step(0.01).Dispose();
        Assert.All(model.parameters().Zip(before), p => Assert.True(Aten.Version(p.First) > p.Second));
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("muon")]
    [InlineData("lion")]
    [InlineData("sgd")]
    public void Steps_leave_no_tensors_behind(string name)
    {
        using Gpt model = TinyGpt.WithWideWeights(s_model);
        using var optimizer = new Optimizer(model, new OptimizerConfig { Name = name, Cautious = name is "adamw" or "muon", AverageDecay = 0.9 });
        long live = 0;
        for (int step = 0; step < 4; step++)
        {
            if (step == 2) live = LiveTensors.OfThisThread;
            using var scope = NewDisposeScope();
            using Batch batch = RandomBatches.Make(step, 2, s_model.ContextLength, s_model.VocabularySize);
            model.AccumulateGradients(batch.Inputs, batch.Targets);
            optimizer.Step(0.01);
        }
        Assert.Equal(live, LiveTensors.OfThisThread);
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("lion")]
    [InlineData("sgd")]
    public void Factors_of_roles_scale_the_rates_of_their_parameters(string name)
    {
        OptimizerConfig config = new() { Name = name, WeightDecay = 0, EmbeddingRateFactor = 0.5, VectorRateFactor = 0.25 };
        using Gpt plain = TinyGpt.WithWideWeights(s_model), scaled = TinyGpt.WithWideWeights(s_model);
        using Optimizer one = new(plain, config with { EmbeddingRateFactor = 1, VectorRateFactor = 1 }), other = new(scaled, config);
        Dictionary<string, float[]> before = TinyGpt.Parameters(plain);
        foreach ((Gpt model, Optimizer optimizer) in new[] { (plain, one), (scaled, other) })
        {
            AdamWTests.SetGradients(model, new Random(1), 1);
            optimizer.Step(0.01).Dispose();
        }
        Dictionary<string, float[]> whole = TinyGpt.Parameters(plain), part = TinyGpt.Parameters(scaled);
        foreach ((string parameter, float[] start) in before)
        {
            bool isVector = parameter.EndsWith("bias", StringComparison.Ordinal) || parameter.Contains("Norm", StringComparison.Ordinal);
            double factor = parameter is "tokens.weight" or "positions.weight" ? 0.5 : isVector ? 0.25 : 1;
            for (int i = 0; i < start.Length; i++) Assert.Equal(factor * (whole[parameter][i] - start[i]), part[parameter][i] - start[i], 1e-6);
        }
    }
}
