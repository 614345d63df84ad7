using TorchLm.Core.Operations;
using static TorchLm.Tests.Operations.OperationCheck;
using static TorchSharp.torch;

namespace TorchLm.Tests.Operations;

/// <summary>How many threads compute an operation of our own changes no bit of its result and gradients.</summary>
public class OperationThreadTests
{
    public static TheoryData<string> Names => ["relu2", "swiglu", "rmsnorm", "layernorm", "rotary", "convolution"];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_number_of_threads_changes_no_bit(string name)
    {
        float[][]? expected = null;
        for (int threads = 1; threads <= 4; threads++)
        {
            int count = threads;
            float[][] found = [];
            Exception? failure = null;
            var thread = new Thread(() =>
            {
                try
                {
                    set_num_threads(count); // of the calling thread
                    found = Compute(name);
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            });
            thread.Start();
            thread.Join();
            Assert.Null(failure);
            expected ??= found;
            for (int i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i]);
        }
    }

    /// <summary>The result and all gradients, of 7 sequences of 100 positions.</summary>
    private static float[][] Compute(string name)
    {
        using var scope = NewDisposeScope();
        Tensor x = Normal(1, 1, 7, 100, 6 * 32).requires_grad_(true), weight = Normal(2, 1, 6 * 32).requires_grad_(true);
        Tensor angles = Normal(3, 1, 100, 16);
        Tensor y = name switch
        {
            "relu2" => Relu2Operation.Apply(x),
            "swiglu" => SwiGluOperation.Apply(x),
            "convolution" => ShortConvolutionOperation.Apply(x, weight.view(1, -1).repeat(3, 1)),
            "rotary" => RotaryOperation.Apply(x, new HeadPreparation(4, 1, 1e-5), (angles.cos(), angles.sin()), null),
            _ => NormOperation.Apply(x, weight, null, 1e-5, name == "layernorm", ScalarType.Float32),
        };
        y.backward([Normal(4, 1, y.shape)]);
        return [TinyGpt.Values(y), TinyGpt.Values(x.grad!), weight.grad is null ? [] : TinyGpt.Values(weight.grad)];
    }
}
