using TorchLm.Core.Configuration;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>Every option in bfloat16: loss and gradients are those of float32 but for its 8 bits of significand.</summary>
public class OptionPrecisionTests
{
    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void In_bfloat16_loss_and_gradients_are_nearly_those_of_float32(string option) => AssertNear(option, CpuKernel.None);

    [Theory]
    [InlineData("llama")]
    [InlineData("modern with windows and one head of keys")]
    [InlineData("norms after and all the rest")]
    public void So_they_are_without_kernels_of_our_own(string option) =>
        AssertNear(option, Enum.GetValues<CpuKernel>().Aggregate((all, kernel) => all | kernel));

    private static void AssertNear(string option, CpuKernel without)
    {
        ModelConfig config = ModelOptions.All[option].WithHeadSize(32) with { InitialDeviation = 0.1, ZeroInitProjections = false };
        CpuKernels.Without = without;
        try
        {
            (float loss, Dictionary<string, float[]> gradients) = Compute(config, Precision.Float32);
            (float lowLoss, Dictionary<string, float[]> lowGradients) = Compute(config, Precision.BFloat16);
            Assert.Equal(loss, lowLoss, 0.02f * loss);
            foreach ((string name, float[] expected) in gradients)
            {
                double[] difference = [.. expected.Zip(lowGradients[name], (a, b) => (double)(a - b))];
                double norm = Math.Sqrt(expected.Sum(x => (double)x * x)), error = Math.Sqrt(difference.Sum(x => x * x));
                // A single number is a sum of thousands that nearly cancel.
                Assert.True(error <= 0.05 * norm + (expected.Length == 1 ? 2e-3 : 0), $"{name}: off by {error:g3} of {norm:g3}");
            }
        }
        finally
        {
            CpuKernels.Without = CpuKernel.None;
        }
    }

    private static (float Loss, Dictionary<string, float[]> Gradients) Compute(ModelConfig config, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt(config, seed: 3, precision: precision);
        long[][] inputs = TinyGpt.RandomRows(4, 8, 11, 1), targets = TinyGpt.RandomRows(4, 8, 11, 2);
        float loss = model.AccumulateGradients(TinyGpt.Ids(inputs), TinyGpt.Ids(targets)).item<float>();
        return (loss, TinyGpt.Gradients(model));
    }
}
