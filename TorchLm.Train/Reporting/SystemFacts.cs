using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using TorchLm.Core;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Training;
using TorchSharp;

namespace TorchLm.Train.Reporting;

/// <summary>What this machine and this build are.</summary>
internal static class SystemFacts
{
    /// <summary>The libtorch backend that the program was built for: cpu, cuda or none.</summary>
    public static string Backend { get; } = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "TorchBackend")?.Value ?? "unknown";

    /// <summary>Name and value of each fact, in the order in which they are shown.</summary>
    public static IEnumerable<(string Name, string Value)> List()
    {
        yield return ("torchlm", Version(typeof(SystemFacts).Assembly));
        yield return ("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        yield return (".NET", Environment.Version.ToString());
        yield return ("TorchSharp", Version(typeof(torch).Assembly));
        yield return ("libtorch", Libtorch());
        yield return ("backend", $"{Backend}, {(NativeLibraries.LibtorchFolder is { } folder ? $"loaded from {folder}" : "loaded by TorchSharp")}");
        yield return ("loader fix", NativeLibraries.FixedCopy is { } copy ? $"in use: this system's libstdc++ is older than TorchSharp asks for ({copy})" : "not needed");
        yield return ("CPU", $"{Environment.ProcessorCount} processors, instruction sets: {string.Join(", ", InstructionSets())}");
        yield return ("threads", IsLoaded(out _) ? Threads(ThreadChoice.Of(asked: null)) : "unknown");
        IReadOnlyList<CudaGpu> gpus = CudaDriver.List(out string? reason);
        foreach (CudaGpu gpu in gpus)
        {
            yield return ($"GPU {gpu.Index}", $"{gpu.Name}, {Gigabytes(gpu.MemoryBytes)}, compute capability {gpu.ComputeMajor}.{gpu.ComputeMinor}, " +
                $"bf16 {(gpu.SupportsBFloat16 ? "yes" : "no")}");
        }
        if (gpus.Count == 0) yield return ("GPU", $"none: {reason}");
        GCMemoryInfo memory = Memory();
        yield return ("memory", $"{Gigabytes(memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes)} free of {Gigabytes(memory.TotalAvailableMemoryBytes)}");
        yield return ("disk", $"{Gigabytes(FreeDisk())} free in {Environment.CurrentDirectory}");
    }

    /// <summary>Whether the native libraries are there and compute; else the sentence that says why not.</summary>
    public static bool IsLoaded(out string? failure)
    {
        try
        {
            NativeLibraries.EnsureLoaded();
            using torch.Tensor sum = torch.ones(2).sum();
            failure = sum.item<float>() == 2 ? null : "1 + 1 comes out wrong";
        }
        catch (Exception e) when (e is InputException or TypeInitializationException or NotSupportedException or DllNotFoundException)
        {
            failure = e.Message;
        }
        return failure is null;
    }

    /// <summary>Bytes that are free on the disk of the current folder.</summary>
    public static long FreeDisk() => new DriveInfo(Environment.CurrentDirectory).AvailableFreeSpace;

    /// <summary>Memory that the process may use (a container's limit counts), as of now.</summary>
    public static GCMemoryInfo Memory()
    {
        GC.Collect(); // the figures are those of the last collection
        return GC.GetGCMemoryInfo();
    }

    /// <summary>Bytes that a GPU has; null for a CPU.</summary>
    public static long? DeviceMemory(torch.Device device) =>
        device.type == DeviceType.CUDA ? CudaDriver.List(out _).ElementAtOrDefault(Math.Max(0, device.index))?.MemoryBytes : null;

    /// <summary>What a run that begins now is trained on.</summary>
    public static SessionInfo Session(long step, torch.Device device, Precision precision, double peakFlops) => new(step, DateTimeOffset.UtcNow,
        Version(typeof(SystemFacts).Assembly), $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}", Processor(),
        device.type == DeviceType.CUDA ? $"{device} ({CudaDriver.List(out _).ElementAtOrDefault(Math.Max(0, device.index))?.Name})" : device.ToString(),
        torch.get_num_threads(), precision.Name(), peakFlops, DeviceMemory(device) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, torch.__version__);

    public static string Gigabytes(long bytes) => $"{bytes / 1e9:0.0} GB";

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo", Name = "model name";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal)) : null;
        string name = line?.Split(':', 2)[^1].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
        return $"{name}, {Environment.ProcessorCount} processors";
    }

    private static string Threads(ThreadChoice choice) => $"{choice.Count} for one operation ({choice.Reason})";

    private static string Libtorch() => IsLoaded(out string? failure) ? torch.__version__ : $"does not load: {failure}";

    private static string Version(Assembly assembly) =>
        (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version!.ToString()).Split('+')[0];

    private static IEnumerable<string> InstructionSets()
    {
        if (Sse42.IsSupported) yield return "SSE4.2";
        if (Avx.IsSupported) yield return "AVX";
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (Avx512F.IsSupported) yield return "AVX-512";
        if (AdvSimd.IsSupported) yield return "NEON";
    }
}
