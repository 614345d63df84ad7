using System.Globalization;
using TorchLm.Core.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Devices;

/// <summary>Which device is used, and why.</summary>
/// <param name="Device">The device.</param>
/// <param name="Reason">A few words for the user, such as "no CUDA device was found".</param>
public sealed record DeviceChoice(Device Device, string Reason)
{
    /// <summary>The names of devices; cuda:N names one of several.</summary>
    public static IReadOnlyList<string> Names { get; } = ["auto", "cpu", "cuda"];

    /// <summary>Chooses a device by name.</summary>
    /// <param name="name"><c>auto</c> (CUDA when it is there and works, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="localRank">
    /// This process's number among those of the machine that train together: its GPU where none is named. One that sees a single GPU takes that: launchers
    /// such as Slurm's show each process its own.
    /// </param>
    /// <exception cref="InputException">The name is unknown, or the device is not there or does not work.</exception>
    public static DeviceChoice Of(string name, int localRank = 0) => Of(name, () => cuda.is_available() ? cuda.device_count() : 0, Works, localRank);

    /// <summary>The same with the machine's answers given, so that the choice can be tested anywhere.</summary>
    internal static DeviceChoice Of(string name, Func<int> cudaDevices, Func<int, string?> cudaFailure, int localRank = 0)
    {
        if (name == "cpu") return new DeviceChoice(CPU, "as asked for");
        if (name is not ("auto" or "cuda") && !name.StartsWith("cuda:", StringComparison.Ordinal))
        {
            throw new InputException($"--device is '{name}', but it must be auto, cpu, cuda or cuda:N.{Nearest.Question(name, Names)}");
        }
        NativeLibraries.EnsureLoaded();
        int count = cudaDevices();
        if (count == 1) localRank = 0;
        if (name == "auto")
        {
            if (count == 0) return new DeviceChoice(CPU, "no CUDA device was found");
            if (localRank >= count) throw TooMany(localRank, count);
            if (cudaFailure(localRank) is not { } failure) return new DeviceChoice(Cuda(localRank), "CUDA was found");
            return localRank == 0 ? new DeviceChoice(CPU, $"the CUDA device does not work: {failure}")
                : throw new InputException($"CUDA device {localRank}, which is that process's of this machine, does not work: {failure}");
        }

        int index = localRank;
        if (name != "cuda" && !int.TryParse(name["cuda:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out index))
        {
            throw new InputException($"--device is '{name}', but what follows 'cuda:' must be a device's number, counted from 0.");
        }
        if (count == 0)
        {
            throw new InputException($"--device is '{name}', but no CUDA device was found; use --device cpu, or see `torchlm doctor` for what is missing.");
        }
        if (name == "cuda" && localRank >= count) throw TooMany(localRank, count);
        if (index >= count)
        {
            throw new InputException($"--device is '{name}', but this machine has {count} CUDA device{(count == 1 ? "" : "s")}, counted from 0.");
        }
        if (cudaFailure(index) is { } problem) throw new InputException($"--device is '{name}', but that device does not work: {problem}");
        return new DeviceChoice(Cuda(index), "as asked for");
    }

    private static InputException TooMany(int localRank, int count) => new(
        $"There are more processes than CUDA devices on this machine ({count}), and each takes one of its own, this one number {localRank}, counted from 0: start fewer, or " +
        "use --device cpu.");

    private static Device Cuda(int index) => new(DeviceType.CUDA, index);

    /// <summary>Tries a small product; null where it comes out right, else what went wrong.</summary>
    private static string? Works(int index)
    {
        try
        {
            using var scope = NewDisposeScope();
            Tensor a = ones([16, 16], device: Cuda(index));
            return a.matmul(a).sum().item<float>() == 16 * 16 * 16 ? null : "a small matrix product comes out wrong";
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or InvalidOperationException)
        {
            return e.Message.Split('\n')[0];
        }
    }
}
