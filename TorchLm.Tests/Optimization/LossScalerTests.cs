using TorchLm.Core.Configuration;
using TorchLm.Core.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class LossScalerTests
{
    private static readonly OptimizerConfig s_config = new() { GradientClip = 0.5 };

    [Fact]
    public void A_scaled_step_is_the_plain_step()
    {
        using var scope = NewDisposeScope();
        (Holder scaledModel, Holder plainModel) = (new Holder(), new Holder());
        var scaler = new LossScaler(CPU);
        using var scaled = new Optimizer(scaledModel, s_config, scaler);
        using var plain = new Optimizer(plainModel, s_config);
        for (int i = 0; i < 5; i++)
        {
            Tensor gradient = tensor(new float[] { 1, -2, 0.5f + i }, [1, 3]);
            plainModel.Weight.grad = gradient.clone();
            scaledModel.Weight.grad = gradient.mul(scaler.Scale);
            Tensor norm = plain.Step(0.01), scaledNorm = scaled.Step(0.01);
            Assert.Equal(norm.item<float>(), scaledNorm.item<float>(), 1e-5);
        }
        Assert.True(plainModel.Weight.allclose(scaledModel.Weight, 1e-5, 1e-6));
        Assert.Equal(65536, scaler.Scale.item<float>());
        Assert.Equal(0, scaled.Skipped.item<float>());
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void A_step_without_finite_gradients_changes_nothing_but_the_scale(float bad)
    {
        using var scope = NewDisposeScope();
        var model = new Holder();
        var scaler = new LossScaler(CPU);
        using var optimizer = new Optimizer(model, s_config, scaler);
        void Step(params float[] gradient)
        {
            model.Weight.grad = tensor(gradient, [1, 3]).mul(scaler.Scale);
            optimizer.Step(0.01).Dispose();
        }
        Step(1, 2, 3);
        float[] weights = TinyGpt.Values(model.Weight), moments = [.. TinyGpt.Moments(optimizer).First().Value];
        Step(1, bad, 3);
        Assert.Equal(weights, TinyGpt.Values(model.Weight));
        Assert.Equal(moments, TinyGpt.Moments(optimizer).First().Value);
        Assert.Equal(32768, scaler.Scale.item<float>());
        Assert.Equal(1, optimizer.Skipped.item<float>());

        // The next update is corrected for two updates, not three: the same as a run without the bad step.
        var other = new Holder();
        using var plain = new Optimizer(other, s_config);
        foreach (float[] gradient in new[] { new float[] { 1, 2, 3 }, [3, 1, 2] })
        {
            other.Weight.grad = tensor(gradient, [1, 3]);
            plain.Step(0.01).Dispose();
        }
        Step(3, 1, 2);
        Assert.True(other.Weight.allclose(model.Weight, 1e-5, 1e-6));
    }

    [Fact]
    public void Two_thousand_good_steps_double_the_scale()
    {
        using var scope = NewDisposeScope();
        using var scaler = new LossScaler(CPU);
        Tensor fine = zeros([]);
        for (int i = 0; i < 1999; i++) scaler.Update(fine);
        Assert.Equal(65536, scaler.Scale.item<float>());
        scaler.Update(fine);
        Assert.Equal(131072, scaler.Scale.item<float>());
    }

    private sealed class Holder : nn.Module
    {
        private readonly Parameter weight;

        public Holder() : base(nameof(Holder))
        {
            weight = new Parameter(ones(1, 3));
            RegisterComponents();
        }

        public Parameter Weight => weight;
    }
}
