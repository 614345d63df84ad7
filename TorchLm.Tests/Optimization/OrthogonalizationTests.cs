using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class OrthogonalizationTests
{
    [Theory]
    [InlineData(1, 32, 32)]
    [InlineData(3, 24, 96)]
    [InlineData(3, 96, 24)]
    [InlineData(2, 17, 19)]
    [InlineData(1, 1, 40)]
    [InlineData(1, 40, 1)]
    public void Singular_values_come_near_1(int count, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        Tensor x = Normal(count, rows, columns, seed: rows), result = new Orthogonalization(5).Of(x);
        Assert.Equal(x.shape, result.shape);
        float[] before = TinyGpt.Values(linalg.svdvals(x)), after = TinyGpt.Values(linalg.svdvals(result));
        // The least ones of a square matrix are nearly 0 and rise by 3.4445 a time; those above a thousandth of the norm arrive.
        double norm = Math.Sqrt(rows * (double)columns);
        Assert.All(before.Zip(after).Where(v => v.First > 4e-3 * norm), v => Assert.InRange(v.Second, 0.65f, 1.25f));
        Assert.True(before.Count(v => v > 4e-3 * norm) > 0.9 * before.Length);
    }

    [Theory]
    [InlineData(5, 5, 5)]
    [InlineData(5, 6, 18)]
    [InlineData(5, 18, 6)]
    [InlineData(1, 6, 18)]
    [InlineData(6, 6, 18)]
    [InlineData(5, 48, 48)]
    [InlineData(5, 16, 176)]
    [InlineData(2, 176, 16)]
    [InlineData(5, 80, 48)]
    public void It_is_the_published_iteration(int steps, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        Tensor x = Normal(2, rows, columns, seed: 5), result = new Orthogonalization(steps).Of(x);
        for (int i = 0; i < 2; i++)
        {
            double[,] expected = ReferenceMuon.Orthogonal(ReferenceMuon.Matrix(TinyGpt.Values(x.select(0, i)), rows, columns), steps);
            float[] actual = TinyGpt.Values(result.select(0, i));
            for (int k = 0; k < actual.Length; k++) Assert.Equal(expected[k / columns, k % columns], actual[k], 1e-4);
        }
    }

    [Theory]
    [InlineData(48, 48)]
    [InlineData(32, 96)]
    [InlineData(96, 32)]
    public void What_a_GPU_computes_is_the_same_and_in_bf16_near_it(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        Tensor x = Normal(2, rows, columns, seed: 7), expected = new Orthogonalization(5).Of(x);
        Assert.True(new Orthogonalization(5).Direct(x).allclose(expected, 1e-4, 1e-4));
        // Singular values near zero are noise in bf16, and are brought to 1 all the same: the whole is compared, not each number.
        Tensor half = new Orthogonalization(5).Direct(x.to(ScalarType.BFloat16)).to(ScalarType.Float32);
        Assert.InRange((half - expected).norm().item<float>() / expected.norm().item<float>(), 0, 0.1);
        Assert.All(TinyGpt.Values(linalg.svdvals(half)), v => Assert.InRange(v, 0, 1.3f));
    }

    [Theory]
    [InlineData(1e-12)]
    [InlineData(1e6)]
    public void The_scale_of_a_matrix_does_not_matter(double scale)
    {
        using var scope = NewDisposeScope();
        Tensor x = Normal(2, 8, 20, seed: 3);
        Assert.True(new Orthogonalization(5).Of(x.mul(scale)).allclose(new Orthogonalization(5).Of(x), 1e-4, 1e-5));
    }

    [Fact]
    public void A_matrix_of_zeros_stays_one()
    {
        using var scope = NewDisposeScope();
        Assert.All(TinyGpt.Values(new Orthogonalization(5).Of(zeros(2, 8, 8))), v => Assert.Equal(0, v));
    }

    private static Tensor Normal(int count, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return tensor(Enumerable.Range(0, count * rows * columns).Select(_ => (float)TinyGpt.Normal(random)).ToArray(), [count, rows, columns]);
    }
}
