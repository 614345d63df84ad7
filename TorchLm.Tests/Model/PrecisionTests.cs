using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class PrecisionTests
{
    [Theory]
    [InlineData(Precision.BFloat16, 0.02)]
    [InlineData(Precision.Float16, 0.004)]
    public void Products_in_another_precision_give_nearly_the_same_loss_and_gradients(Precision precision, double tolerance)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = TinyGpt.Config with { EmbeddingSize = 32, ContextLength = 16, Bias = true };
        using var exact = new Gpt(config, seed: 3);
        using var reduced = new Gpt(config, seed: 3, precision: precision);
        Assert.Equal(precision, reduced.Precision);
        Tensor inputs = TinyGpt.Ids(TinyGpt.RandomRows(4, 16, 11, seed: 1)), targets = TinyGpt.Ids(TinyGpt.RandomRows(4, 16, 11, seed: 2));
        Tensor exactLoss = exact.Loss(inputs, targets), reducedLoss = reduced.Loss(inputs, targets);
        Assert.Equal(ScalarType.Float32, reducedLoss.dtype);
        Assert.Equal(exactLoss.item<float>(), reducedLoss.item<float>(), tolerance / 4);
        Assert.Equal(exactLoss.item<float>(), exact.AccumulateGradients(inputs, targets).item<float>(), 1e-6);
        Assert.Equal(reducedLoss.item<float>(), reduced.AccumulateGradients(inputs, targets).item<float>(), 1e-6);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in reduced.named_parameters())
        {
            Tensor gradient = parameter.grad!, expected = exact.get_parameter(name)!.grad!;
            Assert.Equal(ScalarType.Float32, parameter.dtype);
            Assert.Equal(ScalarType.Float32, gradient.dtype);
            double error = gradient.sub(expected).norm().item<float>() / expected.norm().item<float>();
            Assert.True(error < tolerance && error > 0, $"{name}: gradient off by {error:p2}");
        }
    }
}
