using TorchLm.Core;
using TorchLm.Core.Devices;
using TorchSharp;

namespace TorchLm.Tests.Devices;

/// <summary>The choice on machines with no GPU, with some, and with one that does not work, all of them pretended.</summary>
public class DeviceChoiceTests
{
    [Theory]
    [InlineData("cpu", 0, "cpu", "as asked for")]
    [InlineData("cpu", 2, "cpu", "as asked for")]
    [InlineData("auto", 0, "cpu", "no CUDA device was found")]
    [InlineData("auto", 1, "cuda:0", "CUDA was found")]
    [InlineData("auto", 3, "cuda:0", "CUDA was found")]
    [InlineData("cuda", 1, "cuda:0", "as asked for")]
    [InlineData("cuda:0", 1, "cuda:0", "as asked for")]
    [InlineData("cuda:2", 3, "cuda:2", "as asked for")]
    public void A_device_that_works_is_taken(string name, int count, string device, string reason)
    {
        DeviceChoice choice = DeviceChoice.Of(name, () => count, _ => null);
        Assert.Equal(device, choice.Device.type == DeviceType.CPU ? "cpu" : $"cuda:{choice.Device.index}");
        Assert.Equal(reason, choice.Reason);
    }

    [Theory]
    [InlineData("auto", 4, 3, "cuda:3")]
    [InlineData("cuda", 4, 3, "cuda:3")]
    [InlineData("cuda:1", 4, 3, "cuda:1")]
    [InlineData("auto", 1, 3, "cuda:0")] // the launcher shows each process its own
    [InlineData("auto", 0, 3, "cpu")]
    [InlineData("cpu", 4, 3, "cpu")]
    public void Each_process_of_a_machine_takes_a_GPU_of_its_own(string name, int count, int localRank, string device)
    {
        DeviceChoice choice = DeviceChoice.Of(name, () => count, _ => null, localRank);
        Assert.Equal(device, choice.Device.type == DeviceType.CPU ? "cpu" : $"cuda:{choice.Device.index}");
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("cuda")]
    public void More_processes_than_GPUs_are_refused(string name)
    {
        var failure = Assert.Throws<InputException>(() => DeviceChoice.Of(name, () => 2, _ => null, localRank: 2));
        Assert.Contains("more processes than CUDA devices on this machine (2)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_whose_own_GPU_does_not_work_does_not_train_on_the_CPU_beside_others_on_GPUs()
    {
        var failure = Assert.Throws<InputException>(() => DeviceChoice.Of("auto", () => 2, _ => "no kernel image", localRank: 1));
        Assert.Contains("does not work: no kernel image", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_falls_back_to_the_CPU_and_says_why()
    {
        DeviceChoice choice = DeviceChoice.Of("auto", () => 1, _ => "no kernel image");
        Assert.Equal(DeviceType.CPU, choice.Device.type);
        Assert.Equal("the CUDA device does not work: no kernel image", choice.Reason);
    }

    [Theory]
    [InlineData("cuda", 1, "--device is 'cuda', but that device does not work: device 0 is broken")]
    [InlineData("cuda:1", 2, "--device is 'cuda:1', but that device does not work: device 1 is broken")]
    [InlineData("cuda", 0, "--device is 'cuda', but no CUDA device was found; use --device cpu, or see `torchlm doctor` for what is missing.")]
    [InlineData("cuda:0", 0, "--device is 'cuda:0', but no CUDA device was found; use --device cpu, or see `torchlm doctor` for what is missing.")]
    [InlineData("cuda:1", 1, "--device is 'cuda:1', but this machine has 1 CUDA device, counted from 0.")]
    [InlineData("cuda:2", 2, "--device is 'cuda:2', but this machine has 2 CUDA devices, counted from 0.")]
    [InlineData("cuda:", 2, "--device is 'cuda:', but what follows 'cuda:' must be a device's number, counted from 0.")]
    [InlineData("cuda:-1", 2, "--device is 'cuda:-1', but what follows 'cuda:' must be a device's number, counted from 0.")]
    [InlineData("cuda:x", 2, "--device is 'cuda:x', but what follows 'cuda:' must be a device's number, counted from 0.")]
    [InlineData("cuda:99999999999", 2, "--device is 'cuda:99999999999', but what follows 'cuda:' must be a device's number, counted from 0.")]
    [InlineData("gpu", 2, "--device is 'gpu', but it must be auto, cpu, cuda or cuda:N.")]
    [InlineData("CUDA", 2, "--device is 'CUDA', but it must be auto, cpu, cuda or cuda:N. Did you mean cuda?")]
    [InlineData("", 2, "--device is '', but it must be auto, cpu, cuda or cuda:N.")]
    public void What_cannot_be_had_is_one_sentence(string name, int count, string sentence)
    {
        var failure = Assert.Throws<InputException>(() => DeviceChoice.Of(name, () => count, index => $"device {index} is broken"));
        Assert.Equal(sentence, failure.Message);
    }

    [Fact]
    public void This_machine_has_a_device() => Assert.NotNull(DeviceChoice.Of("auto").Device);
}
