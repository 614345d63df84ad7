using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Model;

/// <summary>The yardstick itself is checked before anything is measured with it.</summary>
public class ReferenceGptTests
{
    private const double ZLoss = 0.2;

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void Gradients_of_the_reference_are_the_slopes_of_what_is_minimised(string option)
    {
        ModelConfig config = ModelOptions.All[option].WithHeadSize(2) with { ContextLength = 4, VocabularySize = 5 };
        using Gpt model = TinyGpt.WithWideWeights(config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        long[][] inputs = [[1, 4, 0, 2], [2, 2, 3, 0]], targets = [[4, 0, 1, 1], [2, 3, 0, 4]];
        double loss = reference.LossWithGradients(inputs, targets, ZLoss);
        Assert.Equal(reference.Loss(inputs, targets), loss, 1e-12);

        const double h = 1e-5;
        foreach ((string name, double[] values) in reference.Parameters.Values)
        {
            double[] gradient = reference.Parameters.Gradients[name];
            for (int i = 0; i < values.Length; i += 1 + values.Length / 8)
            {
                double value = values[i];
                values[i] = value + h;
                double above = reference.Objective(inputs, targets, ZLoss);
                values[i] = value - h;
                double below = reference.Objective(inputs, targets, ZLoss);
                values[i] = value;
                double slope = (above - below) / (2 * h);
                bool same = Math.Abs(slope - gradient[i]) < 1e-6 * Math.Max(1, Math.Abs(slope));
                Assert.True(same, $"{name}[{i}]: slope {slope}, gradient {gradient[i]}");
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
