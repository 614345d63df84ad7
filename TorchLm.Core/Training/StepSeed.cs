using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>
/// Seeds libtorch's generators at the start of each step from the run's seed and the step's number alone, so that dropout after a resume is what it
/// would have been, on every device, and no generator's state has to be saved.
/// </summary>
internal static class StepSeed
{
    /// <summary>Seeds the generator of <paramref name="device"/>, which is shared by the whole process.</summary>
    public static void Apply(long seed, long step, Device device)
    {
        long mixed = (long)(Mix((ulong)seed ^ Mix((ulong)step)) >> 1);
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
