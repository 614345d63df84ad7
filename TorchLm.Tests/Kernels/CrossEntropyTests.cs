using TorchLm.Core;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Kernels;

/// <summary>The kernel and libtorch's operations against a softmax in double precision, whatever the width's remainder by the vectors' length.</summary>
public class CrossEntropyTests
{
    public static TheoryData<bool, bool, int, int> Cases()
    {
        var cases = new TheoryData<bool, bool, int, int>();
        foreach (bool kernel in new[] { true, false })
        {
            foreach (bool bfloat16 in new[] { true, false })
            {
                foreach (int vocabulary in new[] { 1, 11, 16, 32, 65, 1000 })
                {
                    cases.Add(kernel, bfloat16, vocabulary, vocabulary);
                    cases.Add(kernel, bfloat16, vocabulary, vocabulary + 21);
                }
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_and_gradients_agree_with_double_precision(bool kernel, bool bfloat16, int vocabulary, int columns)
    {
        const int Rows = 7;
        using var scope = NewDisposeScope();
        var random = new Random(vocabulary);
        Tensor logits = Normal(random, Rows, columns);
        if (bfloat16) logits = logits.to(ScalarType.BFloat16);
        float[] given = TinyGpt.Values(logits.to(ScalarType.Float32));
        long[] targets = [.. Enumerable.Range(0, Rows).Select(i => i == 0 ? vocabulary - 1 : random.NextInt64(vocabulary))];
        double loss = 0;
        var gradients = new double[Rows * columns];
        for (int row = 0; row < Rows; row++)
        {
            double[] exponentials = [.. given[(row * columns)..(row * columns + vocabulary)].Select(x => Math.Exp(x))];
            double sum = exponentials.Sum();
            loss -= Math.Log(exponentials[targets[row]] / sum);
            for (int j = 0; j < vocabulary; j++) gradients[row * columns + j] = 0.25 * (exponentials[j] / sum - (targets[row] == j ? 1 : 0));
        }

        Tensor lossSum = zeros([], ScalarType.Float64), factor = tensor(0.25f), copy = logits.clone();
        Run(kernel, copy, tensor(targets), vocabulary, lossSum, null);
        Assert.Equal(loss, lossSum.item<double>(), 1e-5 * Math.Max(1, loss));
        Assert.Equal(given, TinyGpt.Values(copy.to(ScalarType.Float32)));

        Run(kernel, logits, tensor(targets), vocabulary, lossSum, factor);
        Assert.Equal(2 * loss, lossSum.item<double>(), 2e-5 * Math.Max(1, loss));
        float[] actual = TinyGpt.Values(logits.to(ScalarType.Float32));
        for (int i = 0; i < actual.Length; i++)
        {
            double tolerance = bfloat16 ? Math.Abs(gradients[i]) / 250 + 1e-7 : 5e-7;
            Assert.True(Math.Abs(gradients[i] - actual[i]) <= tolerance, $"{i / columns}, {i % columns}: {actual[i]} instead of {gradients[i]}");
            if (i % columns >= vocabulary) Assert.Equal(0f, actual[i]);
        }
    }

    /// <summary>e^100 is beyond float32's range; a probability of e^-200 is below it, and e^-64 far below what adds to anything.</summary>
    [Fact]
    public void Large_logits_neither_overflow_nor_leave_subnormal_gradients()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 300f, 100f, 299f, 215f, float.NegativeInfinity }, [1, 5]), lossSum = zeros([], ScalarType.Float64);
        CrossEntropy.Run(logits, tensor(new long[] { 1 }), new LogitLoss(5), lossSum, tensor(1f));
        double sum = 1 + Math.Exp(-1);
        Assert.Equal(200 + Math.Log(sum), lossSum.item<double>(), 1e-4);
        float[] gradients = TinyGpt.Values(logits);
        Assert.Equal(1 / sum, gradients[0], 1e-6);
        Assert.Equal(-1, gradients[1], 1e-6);
        Assert.Equal(Math.Exp(-1) / sum, gradients[2], 1e-6);
        Assert.Equal([0f, 0f], gradients[3..]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_logit_that_is_no_number_makes_the_loss_and_the_rows_gradients_none(float broken)
    {
        using var scope = NewDisposeScope();
        for (int at = 0; at < 40; at += 3)
        {
            Tensor logits = Normal(new Random(at), 2, 40), lossSum = zeros([], ScalarType.Float64);
            logits[1, at] = tensor(broken);
            CrossEntropy.Run(logits, tensor(new long[] { 1, 2 }), new LogitLoss(40), lossSum, tensor(1f));
            Assert.False(double.IsFinite(lossSum.item<double>()));
            float[] gradients = TinyGpt.Values(logits);
            Assert.All(gradients[..40], g => Assert.True(float.IsFinite(g)));
            Assert.False(float.IsFinite(gradients[40 + at]));
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(-1)]
    [InlineData(-100)]
    [InlineData(long.MaxValue)]
    public void A_target_outside_of_the_vocabulary_is_said(long target)
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros(3, 16), lossSum = zeros([], ScalarType.Float64);
        var failure = Assert.Throws<InputException>(() => CrossEntropy.Run(logits, tensor(new[] { 0, target, 0 }), new LogitLoss(11), lossSum, null));
        Assert.StartsWith($"A target is token {target}, but the model's vocabulary has 11 tokens", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_loss_does_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        Tensor logits = Normal(new Random(1), 257, 300), targets = zeros(257, ScalarType.Int64);
        double[] sums = new double[4];
        for (int threads = 1; threads <= sums.Length; threads++)
        {
            int at = threads;
            var thread = new Thread(() =>
            {
                set_num_threads(at); // of the calling thread
                sums[at - 1] = CrossEntropyKernel.Run(logits, targets, new LogitLoss(300), null);
            });
            thread.Start();
            thread.Join();
        }
        Assert.All(sums, sum => Assert.Equal(sums[0], sum));
    }

    private static Tensor Normal(Random random, int rows, int columns) =>
        tensor([.. Enumerable.Range(0, rows * columns).Select(_ => (float)(3 * TinyGpt.Normal(random)))], [rows, columns]);

    private static void Run(bool kernel, Tensor logits, Tensor targets, int vocabulary, Tensor lossSum, Tensor? factor)
    {
        if (kernel) CrossEntropy.Run(logits, targets, new LogitLoss(vocabulary), lossSum, factor);
        else CrossEntropy.WithAten(logits, targets, new LogitLoss(vocabulary), lossSum, factor);
    }
}
