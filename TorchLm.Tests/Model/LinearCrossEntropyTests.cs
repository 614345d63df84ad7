using TorchLm.Core.Model;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>The output head with its loss in chunks against libtorch's linear and cross_entropy through autograd in double precision.</summary>
public class LinearCrossEntropyTests
{
    private const int Rows = 23, Channels = 12, Vocabulary = 37;

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(100)]
    public void Loss_and_gradients_are_those_of_whole_logits(int? chunkRows)
    {
        using var scope = NewDisposeScope();
        var data = new Data(Vocabulary);
        (double expected, Tensor hiddenGradient, Tensor weightGradient) = data.Reference(scale: 1);
        (Tensor loss, Tensor gradient) = LinearCrossEntropy.LossAndGradients(data.Hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), null, chunkRows);
        Assert.Equal(expected, loss.item<float>(), 1e-6);
        Assert.False(loss.requires_grad);
        AssertClose(hiddenGradient, gradient, 1e-6);
        AssertClose(weightGradient, data.Weight.grad!, 1e-6);
        Assert.Equal(loss.item<float>(), LinearCrossEntropy.Loss(data.Hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), chunkRows).item<float>());
    }

    [Theory]
    [InlineData(false, 4)]
    [InlineData(true, 4)]
    [InlineData(true, 100)]
    public void Gradients_are_scaled_and_added_to_what_is_there(bool padded, int chunkRows)
    {
        using var scope = NewDisposeScope();
        int columns = padded ? 64 : Vocabulary;
        var data = new Data(columns);
        (double expected, Tensor hiddenGradient, Tensor weightGradient) = data.Reference(scale: 0.375);
        for (int call = 1; call <= 2; call++)
        {
            (Tensor loss, Tensor gradient) =
                LinearCrossEntropy.LossAndGradients(data.Hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), tensor(0.375f), chunkRows);
            Assert.Equal(expected, loss.item<float>(), 1e-6);
            AssertClose(hiddenGradient, gradient, 1e-6);
            AssertClose(weightGradient.mul(call), data.Weight.grad!, 1e-6);
        }
        if (padded) Assert.Equal(0, data.Weight.grad!.narrow(0, Vocabulary, columns - Vocabulary).abs().max().item<float>());
    }

    /// <summary>bfloat16 has 8 bits of significand, float16 11: logits, their gradients and the products are rounded to that.</summary>
    [Theory]
    [InlineData(ScalarType.BFloat16, 4, 0.02)]
    [InlineData(ScalarType.BFloat16, null, 0.02)]
    [InlineData(ScalarType.Float16, 4, 0.0025)]
    public void In_low_precision_the_masters_gradient_is_float32(ScalarType type, int? chunkRows, double tolerance)
    {
        using var scope = NewDisposeScope();
        var data = new Data(64);
        const float Scale = 1024; // so that nothing is below float16's range
        (double expected, Tensor hiddenGradient, Tensor weightGradient) = data.Reference(Scale);
        Tensor hidden = data.Hidden.to(type);
        for (int call = 1; call <= 2; call++)
        {
            (Tensor loss, Tensor gradient) = LinearCrossEntropy.LossAndGradients(hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), tensor(Scale), chunkRows);
            Assert.Equal(ScalarType.Float32, loss.dtype);
            Assert.Equal(expected, loss.item<float>(), tolerance * expected);
            Assert.Equal(type, gradient.dtype);
            AssertClose(hiddenGradient, gradient, tolerance);
            Assert.Equal(ScalarType.Float32, data.Weight.grad!.dtype);
            AssertClose(weightGradient.mul(call), data.Weight.grad!, tolerance);
        }
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var scope = NewDisposeScope();
        var data = new Data(64);
        Tensor scale = tensor(0.5f);
        long live = 0;
        for (int call = 0; call < 3; call++)
        {
            (Tensor loss, Tensor gradient) = LinearCrossEntropy.LossAndGradients(data.Hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), scale, 4);
            loss.Dispose();
            gradient.Dispose();
            LinearCrossEntropy.Loss(data.Hidden, data.Head, data.Targets, new LogitLoss(Vocabulary), 4).Dispose();
            if (call == 0) live = LiveTensors.OfThisThread;
        }
        Assert.Equal(live, LiveTensors.OfThisThread);
    }

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double scale = expected.abs().max().item<double>(), worst = (expected - actual.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(scale > 0, "nothing to compare");
        Assert.True(worst <= tolerance * scale, $"off by {worst:g3} at a scale of {scale:g3}");
    }

    /// <summary>Random hidden states of shape (1, rows, channels), a weight with zero rows for padding, and targets.</summary>
    private sealed class Data
    {
        public Data(int columns)
        {
            var random = new Random(7);
            float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)TinyGpt.Normal(random))];
            Hidden = tensor(Draw(Rows * Channels), [1, Rows, Channels]);
            Head = new MasterWeight(new Parameter(tensor([.. Draw(Vocabulary * Channels), .. new float[(columns - Vocabulary) * Channels]], [columns, Channels])));
            Targets = tensor([.. Enumerable.Range(0, Rows).Select(_ => random.NextInt64(Vocabulary))], [1, Rows]);
        }

        public Tensor Hidden { get; }

        public MasterWeight Head { get; }

        public Tensor Weight => Head.Value;

        public Tensor Targets { get; }

        public (double Loss, Tensor HiddenGradient, Tensor WeightGradient) Reference(double scale)
        {
            Tensor hidden = Hidden.to(ScalarType.Float64).requires_grad_(), weight = Weight.detach().to(ScalarType.Float64).requires_grad_();
            Tensor loss = nn.functional.cross_entropy(nn.functional.linear(hidden, weight.narrow(0, 0, Vocabulary)).view(Rows, Vocabulary), Targets.view(-1));
            (loss * scale).backward();
            return (loss.item<double>(), hidden.grad!, weight.grad!);
        }
    }
}
