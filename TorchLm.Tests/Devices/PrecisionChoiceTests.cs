using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Tests.Devices;

public class PrecisionChoiceTests
{
    private static readonly Device s_cuda = new(DeviceType.CUDA, 0);

    private static PrecisionChoice Of(string name, Device device, bool cardHasIt = true, double speed = 1) =>
        PrecisionChoice.Of(name, device, () => cardHasIt, () => speed);

    [Fact]
    public void Auto_takes_what_the_card_has()
    {
        Assert.Equal(Precision.BFloat16, Of("auto", s_cuda, cardHasIt: true).Precision);
        Assert.Equal(Precision.Float16, Of("auto", s_cuda, cardHasIt: false).Precision);
    }

    [Theory]
    [InlineData(0.6, Precision.Float32)]
    [InlineData(1.04, Precision.Float32)]
    [InlineData(2.3, Precision.BFloat16)]
    public void Auto_takes_what_is_faster_on_the_processor(double speed, Precision expected) =>
        Assert.Equal(expected, Of("auto", CPU, speed: speed).Precision);

    [Theory]
    [InlineData("fp32", Precision.Float32)]
    [InlineData("tf32", Precision.TensorFloat32)]
    [InlineData("bf16", Precision.BFloat16)]
    [InlineData("fp16", Precision.Float16)]
    public void A_card_does_what_is_asked_for(string name, Precision expected)
    {
        Assert.Equal(expected, Of(name, s_cuda).Precision);
        Assert.Equal(name, expected.Name());
    }

    [Theory]
    [InlineData("tf32")]
    [InlineData("fp16")]
    public void What_a_processor_is_not_for_is_refused(string name) =>
        Assert.Equal($"--precision (training.precision) is '{name}', but that is for CUDA devices; on a CPU use auto, fp32 or bf16.", Assert.Throws<InputException>(() => Of(name, CPU)).Message);

    [Theory]
    [InlineData("tf32")]
    [InlineData("bf16")]
    public void What_an_older_card_lacks_is_refused(string name) =>
        Assert.Contains("compute capability 8.0", Assert.Throws<InputException>(() => Of(name, s_cuda, cardHasIt: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_trial_measures_both()
    {
        var shape = new ModelConfig { LayerCount = 2, HeadCount = 2, EmbeddingSize = 32, ContextLength = 16, VocabularySize = 50 };
        PrecisionChoice choice = PrecisionChoice.Of("auto", CPU, shape, 4);
        Assert.True(choice.Precision is Precision.Float32 or Precision.BFloat16);
        Assert.Contains("here", choice.Reason, StringComparison.Ordinal);
    }
}
