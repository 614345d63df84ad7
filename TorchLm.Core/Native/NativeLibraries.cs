using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TorchLm.Core.Native;

/// <summary>
/// Loads libtorch and TorchSharp's native library before TorchSharp itself looks for them, so that TorchLm works on systems where
/// TorchSharp alone does not (see <see cref="SymbolVersionFix"/>) and with a libtorch of the user's own (TORCHLM_LIBTORCH).
/// </summary>
/// <remarks>
/// On Linux a library that is already loaded answers later requests for its name, so loading here is all that is needed. On Windows and macOS
/// TorchSharp finds its libraries by itself, and nothing is done unless TORCHLM_LIBTORCH is set.
/// </remarks>
public static class NativeLibraries
{
    /// <summary>The environment variable that names a folder with libtorch (an unpacked one, or an installed PyTorch's <c>lib</c>).</summary>
    public const string FolderVariable = "TORCHLM_LIBTORCH";

    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    // In the order in which they need one another; the CUDA ones exist in CUDA builds only.
    private static readonly string[] s_libtorchLinux =
        ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
    private static readonly string[] s_libtorchWindows =
        ["c10.dll", "torch_cpu.dll", "c10_cuda.dll", "torch_cuda.dll", "torch.dll"];

    private static InputException? s_failure;

    /// <summary>The folder that libtorch was loaded from, or null where it was left to TorchSharp to find.</summary>
    public static string? LibtorchFolder { get; private set; }

    /// <summary>The changed copy of TorchSharp's native library that is in use, or null where the original loads.</summary>
    public static string? FixedCopy { get; private set; }

    /// <summary>Makes sure that the native libraries are loaded; cheap when they are.</summary>
    /// <exception cref="InputException">They cannot be loaded; the sentence says which and what to do.</exception>
    public static void EnsureLoaded()
    {
        if (s_failure is not null) throw s_failure;
    }

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "It must run before TorchSharp's first use.")]
    internal static void Load()
    {
        try
        {
            if (OperatingSystem.IsLinux()) OpenMpLibrary.LimitSpinning();
            LoadLibtorch();
            if (OperatingSystem.IsLinux()) LoadTorchSharp();
        }
        catch (InputException failure)
        {
            s_failure = failure; // a module initialiser must not throw: EnsureLoaded tells the user
        }
    }

    private static void LoadLibtorch()
    {
        string? bundled = FindBundled(OperatingSystem.IsWindows() ? "torch_cpu.dll" : "libtorch_cpu.so");
        string? own = Environment.GetEnvironmentVariable(FolderVariable);
        if (string.IsNullOrEmpty(own))
        {
            if (!OperatingSystem.IsLinux()) return;
            if (bundled is null)
            {
                throw new InputException($"This build carries no libtorch (TorchBackend=none): set {FolderVariable} to a folder that holds " +
                    "libtorch_cpu.so (libtorch 2.10 or PyTorch's lib folder), or build with TorchBackend=cpu.");
            }
            own = Path.GetDirectoryName(bundled)!;
        }
        else if (bundled is not null)
        {
            throw new InputException($"{FolderVariable} is set to '{own}', but this build carries a libtorch of its own in " +
                $"'{Path.GetDirectoryName(bundled)}', and two cannot live in one process: unset {FolderVariable}, or build with TorchBackend=none.");
        }

        string[] names = OperatingSystem.IsWindows() ? s_libtorchWindows : s_libtorchLinux;
        string cpu = Path.Combine(own, names[1]);
        if (!File.Exists(cpu)) throw new InputException($"{FolderVariable} is set to '{own}', but there is no {names[1]} in it.");
        foreach (string path in names.Select(name => Path.Combine(own, name)).Where(File.Exists))
        {
            if (!TryLoad(path, out string error)) throw new InputException($"libtorch's '{path}' does not load: {error}");
        }
        LibtorchFolder = Path.GetFullPath(own);
    }

    private static void LoadTorchSharp()
    {
        string original = FindBundled(TorchSharpLibrary) ?? throw new InputException(
            $"{TorchSharpLibrary} is missing beside the program in '{AppContext.BaseDirectory}': build or publish it again.");
        if (TryLoad(original, out string error)) return;

        byte[] bytes = File.ReadAllBytes(original);
        if (!SymbolVersionFix.TryApply(bytes)) throw new InputException($"TorchSharp's native library '{original}' does not load: {error}");
        string copy = WriteCopy(bytes);
        if (!TryLoad(copy, out error)) throw new InputException($"TorchSharp's native library '{copy}' does not load: {error}");
        FixedCopy = copy;
    }

    /// <summary>The copy lives in a per-user cache under its content's hash: written once, complete or not at all.</summary>
    private static string WriteCopy(byte[] bytes)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        string cache = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        string fallback = Path.Combine(Path.GetTempPath(), "torchlm-" + Environment.UserName);
        InputException? failure = null;
        foreach (string root in new[] { cache.Length > 0 ? Path.Combine(cache, "torchlm") : fallback, fallback })
        {
            string path = Path.Combine(root, "native", hash, TorchSharpLibrary);
            try
            {
                if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes)) return path;
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                string temporary = $"{path}.{Environment.ProcessId}.tmp";
                File.WriteAllBytes(temporary, bytes);
                File.Move(temporary, path, overwrite: true);
                return path;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failure = new InputException($"Cannot write '{path}', a copy of TorchSharp's native library that loads on this system: {e.Message}", e);
            }
        }
        throw failure!;
    }

    private static bool TryLoad(string path, out string error)
    {
        try
        {
            NativeLibrary.Load(path);
            error = "";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            error = e.Message.ReplaceLineEndings(" ");
            return false;
        }
    }

    /// <summary>Finds a file among the folders that the host resolves native libraries from.</summary>
    private static string? FindBundled(string name)
    {
        string folders = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        string rid = $"{(OperatingSystem.IsWindows() ? "win" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        return folders.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native"))
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }
}
