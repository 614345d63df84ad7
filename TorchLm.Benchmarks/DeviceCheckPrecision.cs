using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchSharp;

namespace TorchLm.Benchmarks;

/// <summary>A precision that a device is checked in, and how far from float64 its results may be.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Type">The type of the factors in matrix products and attention.</param>
/// <param name="UnitRoundoff">
/// The largest relative error of one rounding: 2^-24 for float32, 2^-11 for TF32 and float16, 2^-8 for bfloat16. Each case allows a number of these.
/// </param>
/// <param name="NewModel">Makes a model that computes in it, with float32 parameters.</param>
public sealed record DeviceCheckPrecision(string Name, torch.ScalarType Type, double UnitRoundoff, Func<ModelConfig, long, torch.Device, Gpt> NewModel)
{
    /// <summary>IEEE single precision throughout.</summary>
    public static DeviceCheckPrecision SinglePrecision { get; } =
        new("fp32", torch.ScalarType.Float32, Math.Pow(2, -24), (config, seed, device) => new Gpt(config, seed, device));
}
