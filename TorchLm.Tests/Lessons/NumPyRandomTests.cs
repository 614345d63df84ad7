using TorchLm.Core;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Tests.Lessons;

/// <summary>Random numbers are those of numpy.random.seed, rand and randn.</summary>
public class NumPyRandomTests
{
    [Fact]
    public void Uniform_numbers()
    {
        var random = new NumPyRandom(0);
        foreach (double expected in new[] { 0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969 }) Assert.Equal(expected, random.Uniform());
        Assert.Equal(0.3745401188473625, new NumPyRandom(42).Uniform());
    }

    [Theory]
    [InlineData(0, "nextToken/initialW1", 0.3)]
    [InlineData(42, "xor241/initialW1", 0.5)]
    public void Normal_numbers(long seed, string known, double deviation)
    {
        using var scope = NewDisposeScope();
        double[] expected = KnownAnswers.Of(known), actual = new NumPyRandom(seed).Normal(deviation, 1, expected.Length).data<double>().ToArray();
        Assert.All(expected.Zip(actual), v => Assert.Equal(v.First, v.Second, 1e-15));
    }

    [Fact]
    public void A_permutation_holds_each_number_once()
    {
        int[] order = new NumPyRandom(3).Permutation(100);
        Assert.Equal(Enumerable.Range(0, 100), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 100), order);
    }

    [Fact]
    public void Numbers_go_on_beyond_the_first_block_without_repeating()
    {
        var random = new NumPyRandom(1);
        double[] many = [.. Enumerable.Range(0, 5000).Select(_ => random.Uniform())];
        Assert.Equal(5000, many.Distinct().Count());
        Assert.Equal(0.5, many.Average(), 0.02);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4294967296)]
    public void A_seed_that_NumPy_refuses_is_refused(long seed) =>
        Assert.Equal($"The seed of a lesson is {seed}, but must be from 0 to 4294967295.", Assert.Throws<InputException>(() => new NumPyRandom(seed)).Message);
}
