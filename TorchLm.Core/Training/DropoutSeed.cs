using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>
/// Seeds libtorch's generators for dropout from the run's seed and the place in the run alone. So dropout is what it would have been after a resume, and
/// what it was when activations are computed again, on every device, and no generator's state has to be saved.
/// </summary>
internal static class DropoutSeed
{
    /// <summary>Seeds the generator of <paramref name="device"/>, which is shared by the whole process.</summary>
    /// <param name="seed">The run's.</param>
    /// <param name="step">From 0.</param>
    /// <param name="micro">The micro-batch in the step of all ranks, from 0; below 0 for one that lies between them.</param>
    /// <param name="part">The part of the model.</param>
    /// <param name="device">Where dropout happens.</param>
    public static void Apply(long seed, long step, int micro, int part, Device device)
    {
        ulong place = Mix((ulong)step ^ Mix((ulong)micro ^ Mix((ulong)part)));
        long mixed = (long)(Mix((ulong)seed ^ place) >> 1);
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all(mixed);
        else manual_seed(mixed).Dispose();
    }

    /// <summary>SplitMix64's output function (Steele, Lea and Flood 2014): neighbouring inputs give unrelated outputs.</summary>
    private static ulong Mix(ulong x)
    {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
}
