using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Devices;

/// <summary>What products are computed in, and why.</summary>
/// <param name="Precision">The precision.</param>
/// <param name="Reason">A few words for the user, such as "2.3 times as fast as fp32 here".</param>
public sealed record PrecisionChoice(Precision Precision, string Reason)
{
    /// <summary>Chooses a precision by name.</summary>
    /// <param name="name">
    /// <c>fp32</c>, <c>tf32</c>, <c>bf16</c>, <c>fp16</c> or <c>auto</c>: on CUDA bf16 where the card has it, else fp16; on a CPU whichever of fp32 and
    /// bf16 trains faster in a trial of a second, since that depends on the processor (AMX and AVX512-BF16 have it, others make do).
    /// </param>
    /// <param name="device">Where to compute.</param>
    /// <param name="model">What is trained.</param>
    /// <param name="batchSize">Sequences in a micro-batch.</param>
    /// <exception cref="InputException">The device cannot do it.</exception>
    public static PrecisionChoice Of(string name, Device device, ModelConfig model, int batchSize) => Of(name, device,
        () => CudaDriver.List(out _).ElementAtOrDefault(Math.Max(0, device.index))?.SupportsBFloat16 ?? false,
        () => PrecisionTrial.SpeedOfBFloat16(model, batchSize));

    /// <summary>The same with the machine's answers given, so that the choice can be tested anywhere.</summary>
    internal static PrecisionChoice Of(string name, Device device, Func<bool> cardHasBFloat16, Func<double> speedOfBFloat16)
    {
        bool cuda = device.type == DeviceType.CUDA;
        if (name == "auto")
        {
            if (cuda) return cardHasBFloat16() ? new(Precision.BFloat16, "the card has it") : new(Precision.Float16, "the card has no bf16");
            double speed = speedOfBFloat16();
            return speed > 1.05 ? new(Precision.BFloat16, $"{speed:0.0} times as fast as fp32 here") : new(Precision.Float32, "bf16 is not faster here");
        }
        Rule.OneOf("--precision (training.precision)", name, PrecisionNames.Choices);
        Precision precision = PrecisionNames.Parse(name);
        if (!cuda && precision is Precision.TensorFloat32 or Precision.Float16)
        {
            throw new InputException($"--precision (training.precision) is '{name}', but that is for CUDA devices; on a CPU use auto, fp32 or bf16.");
        }
        if (cuda && precision is Precision.TensorFloat32 or Precision.BFloat16 && !cardHasBFloat16())
        {
            throw new InputException($"--precision (training.precision) is '{name}', but this card is older than that (it needs compute capability 8.0); use auto, fp32 or fp16.");
        }
        return new(precision, "as asked for");
    }
}
