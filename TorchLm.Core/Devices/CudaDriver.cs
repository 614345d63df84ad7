using System.Runtime.InteropServices;
using System.Text;

namespace TorchLm.Core.Devices;

/// <summary>An NVIDIA GPU as its driver describes it.</summary>
/// <param name="Index">Its number, counted from 0.</param>
/// <param name="Name">The product's name.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="ComputeMajor">First part of the compute capability.</param>
/// <param name="ComputeMinor">Second part of the compute capability.</param>
public sealed record CudaGpu(int Index, string Name, long MemoryBytes, int ComputeMajor, int ComputeMinor)
{
    /// <summary>Whether matrix units compute in bfloat16: from Ampere (8.0) on.</summary>
    public bool SupportsBFloat16 => ComputeMajor >= 8;
}

/// <summary>
/// Asks NVIDIA's driver which GPUs there are, whether libtorch was built for CUDA or not (CUDA driver API: cuInit, cuDeviceGet…).
/// </summary>
public static unsafe class CudaDriver
{
    private const int ComputeCapabilityMajor = 75, ComputeCapabilityMinor = 76, Success = 0;

    private static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The GPUs, or an empty list with the reason why there is none.</summary>
    public static IReadOnlyList<CudaGpu> List(out string? reason)
    {
        reason = null;
        if (!NativeLibrary.TryLoad(LibraryName, out IntPtr driver))
        {
            reason = $"NVIDIA's driver ({LibraryName}) is not installed";
            return [];
        }
        var init = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(driver, "cuInit");
        var getCount = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(driver, "cuDeviceGetCount");
        int count = 0, status = init(0);
        if (status == Success) status = getCount(&count);
        if (status != Success || count == 0)
        {
            reason = status != Success ? $"the driver answers with error {status} (CUresult)" : "the driver sees no GPU";
            return [];
        }
        return [.. Enumerable.Range(0, count).Select(i => Describe(driver, i))];
    }

    /// <summary>
    /// Bytes in use on the device that this thread computes on, by all processes; null where the driver does not say (cuMemGetInfo wants the context
    /// that libtorch's first use of the device on this thread leaves behind).
    /// </summary>
    public static long? MemoryInUse()
    {
        if (!NativeLibrary.TryLoad(LibraryName, out IntPtr driver)) return null;
        var getInfo = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(driver, "cuMemGetInfo_v2");
        nuint free, total;
        return getInfo(&free, &total) == Success ? (long)(total - free) : null;
    }

    private static CudaGpu Describe(IntPtr driver, int index)
    {
        var get = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGet");
        var getName = (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetName");
        var totalMemory = (delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceTotalMem_v2");
        var attribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetAttribute");
        int device, major = 0, minor = 0;
        nuint memory = 0;
        byte* name = stackalloc byte[256];
        if (get(&device, index) != Success) return new CudaGpu(index, "unknown", 0, 0, 0);
        if (getName(name, 256, device) != Success) name[0] = 0;
        if (totalMemory(&memory, device) != Success) memory = 0;
        if (attribute(&major, ComputeCapabilityMajor, device) != Success) major = 0;
        if (attribute(&minor, ComputeCapabilityMinor, device) != Success) minor = 0;
        return new CudaGpu(index, Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)), (long)memory, major, minor);
    }
}
