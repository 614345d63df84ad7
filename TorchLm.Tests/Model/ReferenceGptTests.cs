using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Model;

/// <summary>The yardstick itself is checked before anything is measured with it.</summary>
public class ReferenceGptTests
{
    [Theory]
    [InlineData(true, "tanh")]
    [InlineData(false, "exact")]
    public void Gradients_of_the_reference_are_the_slopes_of_its_loss(bool bias, string gelu)
    {
        ModelConfig config = new()
        {
            LayerCount = 2, HeadCount = 2, EmbeddingSize = 4, ContextLength = 4, VocabularySize = 5, Bias = bias, Gelu = gelu,
        };
        using Gpt model = TinyGpt.WithWideWeights(config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        long[][] inputs = [[1, 4, 0], [2, 2, 3]], targets = [[4, 0, 1], [2, 3, 0]];
        double loss = reference.LossWithGradients(inputs, targets);
        Assert.Equal(reference.Loss(inputs, targets), loss, 1e-12);

        const double h = 1e-5;
        foreach ((string name, double[] values) in reference.Parameters.Values)
        {
            double[] gradient = reference.Parameters.Gradients[name];
            for (int i = 0; i < values.Length; i++)
            {
                double value = values[i];
                values[i] = value + h;
                double above = reference.Loss(inputs, targets);
                values[i] = value - h;
                double below = reference.Loss(inputs, targets);
                values[i] = value;
                double slope = (above - below) / (2 * h);
                Assert.True(Math.Abs(slope - gradient[i]) < 1e-7 * Math.Max(1, Math.Abs(slope)), $"{name}[{i}]: slope {slope}, gradient {gradient[i]}");
            }
        }
    }

    /// <summary>Abramowitz and Stegun, table 7.1.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 0.5204998778)]
    [InlineData(1, 0.8427007929)]
    [InlineData(-1.5, -0.9661051465)]
    [InlineData(2, 0.9953222650)]
    public void The_reference_error_function_has_the_tabulated_values(double x, double erf) => Assert.Equal(erf, ReferenceGelu.Erf(x), 1e-10);
}
