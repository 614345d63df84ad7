using System.Runtime.InteropServices;

namespace TorchLm.Core.Native;

/// <summary>The OpenMP runtime that libtorch runs its threads with.</summary>
internal static class OpenMpLibrary
{
    private const string SpinVariable = "GOMP_SPINCOUNT", PolicyVariable = "OMP_WAIT_POLICY";

    /// <summary>How many times a waiting thread looks before it sleeps: about 30 µs. See <see cref="LimitSpinning"/>.</summary>
    private const string SpinCount = "2000";

    /// <summary>Its handle; null where it is not found, or where another one than GCC's is in use (Windows, macOS).</summary>
    public static IntPtr? Handle { get; } = Find();

    /// <summary>
    /// Lets threads that wait for one another in a parallel operation go to sleep soon. GCC's runtime lets them spin for milliseconds, which is a little
    /// faster on a machine that does nothing else, and a disaster on any other: whenever another program takes one of the cores, all the others wait for
    /// the thread that lost it and keep it from getting another one (measured: a step became 10 to 50 times slower with one other busy process, and
    /// two to three times with this). It must be called before the runtime is loaded, which reads its settings then.
    /// </summary>
    public static void LimitSpinning()
    {
        if (Environment.GetEnvironmentVariable(SpinVariable) is not null || Environment.GetEnvironmentVariable(PolicyVariable) is not null) return;
        NativeEnvironment.SetDefault(SpinVariable, SpinCount);
    }

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
