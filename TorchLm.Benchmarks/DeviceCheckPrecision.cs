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
/// <param name="Precision">The same for single operations.</param>
/// <param name="NewModel">Makes a model that computes in it, with float32 parameters.</param>
public sealed record DeviceCheckPrecision(string Name, torch.ScalarType Type, double UnitRoundoff, Func<ModelConfig, long, torch.Device, Gpt> NewModel, Precision Precision = Precision.Float32)
{
    /// <summary>
    /// The error that a number of roundings is allowed. Below float32 it is an eighth of that: only the factors are rounded, sums are float32.
    /// </summary>
    public double Allowed(double roundings) => roundings * UnitRoundoff * (UnitRoundoff > 1e-7 ? 0.125 : 1);

    /// <summary>IEEE single precision throughout.</summary>
    public static DeviceCheckPrecision SinglePrecision { get; } = Of(Precision.Float32);

    /// <summary>What a model of that precision is checked by.</summary>
    public static DeviceCheckPrecision Of(Precision precision) => new(precision.Name(), precision.ComputeType(), Math.Pow(2, precision switch
    {
        Precision.Float32 => -24,
        Precision.BFloat16 => -8,
        _ => -11,
    }), (config, seed, device) => new Gpt(config, seed, device, precision), precision);
}
