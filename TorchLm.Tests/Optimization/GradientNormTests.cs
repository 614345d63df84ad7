using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class GradientNormTests
{
    [Fact]
    public void The_norm_is_the_root_of_the_sum_of_all_squares()
    {
        using var scope = NewDisposeScope();
        var random = new Random(1);
        float[][] values = [.. new[] { 1, 7, 60 }.Select(n => Enumerable.Range(0, n).Select(_ => random.NextSingle() * 4 - 1).ToArray())];
        Tensor[] tensors = [tensor(values[0]), tensor(values[1]), tensor(values[2], [3, 4, 5])];
        double expected = Math.Sqrt(values.Sum(v => v.Sum(x => (double)x * x)));
        Assert.Equal(expected, GradientNorm.Of(tensors).item<float>(), 1e-6 * expected);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(0.99, 1, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(3, 1, 3)]
    [InlineData(3, 0.5, 6)]
    public void Gradients_are_divided_only_where_their_norm_is_above_the_maximum(float norm, double maximum, float divisor)
    {
        using Tensor value = tensor(norm), result = GradientNorm.ClipDivisor(value, maximum);
        Assert.Equal(divisor, result.item<float>());
        Assert.Equal(norm, value.item<float>()); // the norm is still to be reported
    }
}
