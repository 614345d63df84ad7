using System.Runtime.InteropServices;

namespace TorchLm.Core.Native;

/// <summary>The OpenMP runtime that libtorch runs its threads with.</summary>
internal static class OpenMpLibrary
{
    /// <summary>Its handle; null where it is not found, or where another one than GCC's is in use (Windows, macOS).</summary>
    public static IntPtr? Handle { get; } = Find();

    private static IntPtr? Find()
    {
        if (!OperatingSystem.IsLinux()) return null;
        NativeLibraries.EnsureLoaded();
        // Its file name carries a hash ("libgomp-98b21ff3.so.1"), so it is looked up among the files that are mapped.
        string[] mapped =
        [
            .. File.ReadLines("/proc/self/maps").Select(line => line[(line.IndexOf('/') + 1)..]).Select(path => "/" + path)
                .Where(path => Path.GetFileName(path).StartsWith("libgomp", StringComparison.Ordinal)).Distinct(),
        ];
        // With two of them in the process, libtorch's is the one that lies beside it.
        string? own = mapped.FirstOrDefault(path => Path.GetDirectoryName(path) == NativeLibraries.LibtorchFolder) ?? (mapped.Length == 1 ? mapped[0] : null);
        return own is not null && NativeLibrary.TryLoad(own, out IntPtr handle) ? handle : null;
    }
}
