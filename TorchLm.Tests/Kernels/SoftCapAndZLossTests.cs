using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Kernels;

/// <summary>Cross-entropy with a soft cap and z-loss: the kernel and libtorch's operations against the definitions in double precision.</summary>
public class SoftCapAndZLossTests
{
    private const double Factor = 0.25;

    public static TheoryData<bool, bool, int, int, double, double> Cases()
    {
        var cases = new TheoryData<bool, bool, int, int, double, double>();
        foreach (bool kernel in (bool[])[true, false])
        {
            foreach (bool bfloat16 in (bool[])[true, false])
            {
                foreach ((int vocabulary, int columns) in ((int, int)[])[(1, 1), (11, 11), (16, 64), (37, 37), (65, 128), (1000, 1024)])
                {
                    cases.Add(kernel, bfloat16, vocabulary, columns, 4, 0);
                    cases.Add(kernel, bfloat16, vocabulary, columns, 0, 0.01);
                    cases.Add(kernel, bfloat16, vocabulary, columns, 15, 0.1);
                }
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_and_gradients_agree_with_double_precision(bool kernel, bool bfloat16, int vocabulary, int columns, double cap, double zLoss)
    {
        const int Rows = 7;
        using var scope = NewDisposeScope();
        var random = new Random(vocabulary);
        Tensor logits = tensor([.. Enumerable.Range(0, Rows * columns).Select(_ => (float)(3 * TinyGpt.Normal(random)))], [Rows, columns]);
        if (bfloat16) logits = logits.to(ScalarType.BFloat16);
        float[] given = TinyGpt.Values(logits.to(ScalarType.Float32));
        long[] targets = [.. Enumerable.Range(0, Rows).Select(i => i == 0 ? vocabulary - 1 : random.NextInt64(vocabulary))];
        double loss = 0;
        var gradients = new double[Rows * columns];
        for (int row = 0; row < Rows; row++) loss += Row(given, gradients, row * columns, vocabulary, (int)targets[row], cap, zLoss);

        var kind = new LogitLoss(vocabulary, cap, zLoss);
        // A capped logit of 15 is kept in bfloat16 with an error of up to 1/32, which is its exponential's too.
        double lossTolerance = bfloat16 ? 0.01 : 2e-6;
        Tensor lossSum = zeros([], ScalarType.Float64), alone = zeros([], ScalarType.Float64);
        Run(kernel, logits.clone(), tensor(targets), kind, alone, null);
        Assert.Equal(loss, alone.item<double>(), lossTolerance * Rows * Math.Max(1, loss / Rows));
        Run(kernel, logits, tensor(targets), kind, lossSum, tensor((float)Factor));
        Assert.Equal(alone.item<double>(), lossSum.item<double>());
        float[] actual = TinyGpt.Values(logits.to(ScalarType.Float32));
        for (int i = 0; i < actual.Length; i++)
        {
            double tolerance = bfloat16 ? 0.03 * Math.Abs(gradients[i]) + 0.002 * Factor : 1e-6;
            Assert.True(Math.Abs(gradients[i] - actual[i]) <= tolerance, $"{i / columns}, {i % columns}: {actual[i]} instead of {gradients[i]}");
            if (i % columns >= vocabulary) Assert.Equal(0f, actual[i]);
        }
    }

    /// <summary>A wide cap changes small logits hardly at all: they keep their digits.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wide_cap_costs_small_logits_no_precision(bool kernel)
    {
        using var scope = NewDisposeScope();
        float[] given = [.. Enumerable.Range(0, 40).Select(i => (i - 20) * 1e-3f)];
        Tensor logits = tensor(given, [1, 40]), lossSum = zeros([], ScalarType.Float64);
        Run(kernel, logits, tensor(new long[] { 7 }), new LogitLoss(40, 1000), lossSum, tensor((float)Factor));
        var gradients = new double[40];
        Assert.Equal(Row(given, gradients, 0, 40, 7, 1000, 0), lossSum.item<double>(), 1e-6);
        float[] actual = TinyGpt.Values(logits);
        for (int i = 0; i < 40; i++) Assert.Equal(gradients[i], actual[i], 1e-7);
    }

    /// <summary>A row's loss without z-loss, and the gradient of both, from the definitions.</summary>
    private static double Row(float[] given, double[] gradients, int first, int vocabulary, int target, double cap, double zLoss)
    {
        double[] x = [.. given[first..(first + vocabulary)].Select(v => (double)v)];
        double[] capped = [.. x.Select(v => cap > 0 ? cap * Math.Tanh(v / cap) : v)];
        double sum = capped.Sum(Math.Exp), logZ = Math.Log(sum);
        for (int j = 0; j < vocabulary; j++)
        {
            double share = Math.Exp(capped[j]) / sum, slope = cap > 0 ? 1 - Math.Pow(Math.Tanh(x[j] / cap), 2) : 1;
            gradients[first + j] = Factor * slope * (share - (j == target ? 1 : 0) + zLoss * 2 * logZ * share);
        }
        return logZ - capped[target];
    }

    private static void Run(bool kernel, Tensor logits, Tensor targets, LogitLoss loss, Tensor lossSum, Tensor? factor)
    {
        if (kernel) CrossEntropy.Run(logits, targets, loss, lossSum, factor);
        else CrossEntropy.WithAten(logits, targets, loss, lossSum, factor);
    }
}
