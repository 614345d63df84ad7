using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using TorchLm.Core.Native;

namespace TorchLm.Core.Distributed;

/// <summary>An MPI library in this process: found, loaded and recognised; see <see cref="MpiAbi"/> for how they differ.</summary>
/// <remarks>
/// Open MPI's plug-ins look its symbols up in the global scope, so a library is loaded by dlopen with RTLD_GLOBAL; NativeLibrary.Load is local.
/// Nothing is loaded before it is known that the process is one of several. UCX, which many builds of MPI use, takes over the signals of failed
/// memory accesses, by which .NET finds null references; it is told not to.
/// </remarks>
internal sealed unsafe partial class MpiLibrary
{
    private const int Now = 2, GlobalLinux = 0x100, GlobalMac = 8;

    private MpiLibrary(nint handle, string path, MpiAbi abi, string name) => (Handle, Path, Abi, Name) = (handle, path, abi, name);

    /// <summary>The loaded library.</summary>
    public nint Handle { get; }

    /// <summary>What it was loaded by: a file's name or path.</summary>
    public string Path { get; }

    /// <summary>Its values of MPI's names.</summary>
    public MpiAbi Abi { get; }

    /// <summary>What it is called, with its version: "Open MPI 4.1.4".</summary>
    public string Name { get; }

    /// <summary>Loads the library that the launcher's kind of MPI is likeliest to go with.</summary>
    /// <exception cref="InputException">There is none, or one that is not known.</exception>
    public static MpiLibrary Load(ProcessLaunch launch)
    {
        if (!OperatingSystem.IsWindows()) NativeEnvironment.SetDefault("UCX_HANDLE_ERRORS", "none");
        string[] candidates = launch.MpiLibrary is { } named ? [named] : Candidates(launch.Launcher);
        var reasons = new List<string>();
        foreach (string candidate in candidates)
        {
            if (TryLoad(candidate, out nint handle, out string reason)) return Recognise(handle, candidate);
            reasons.Add(reason);
        }
        throw new InputException(launch.MpiLibrary is not null
            ? $"The MPI library that {CollectiveEnvironment.LibraryVariable} names does not load: {reasons[0]}"
            : $"This process is one of {launch.WorldSize}, but no MPI library is found ({string.Join(", ", candidates)}): install Open MPI or " +
                $"MPICH (apt install openmpi-bin), or set {CollectiveEnvironment.LibraryVariable} to the library's path.");
    }

    /// <summary>
    /// Names in the order in which they are tried. The launcher's own family comes first: a library of the other one would find no other process.
    /// </summary>
    internal static string[] Candidates(Launcher launcher)
    {
        if (OperatingSystem.IsWindows()) return ["msmpi.dll"];
        string[] openMpi = OperatingSystem.IsMacOS() ? ["libmpi.40.dylib"] : ["libmpi.so.40"];
        string[] mpich = OperatingSystem.IsMacOS() ? ["libmpi.12.dylib"] : ["libmpich.so.12", "libmpi.so.12"]; // Debian's name, everybody else's
        return launcher == Launcher.Pmi ? [.. mpich, .. openMpi] : [.. openMpi, .. mpich];
    }

    private static bool TryLoad(string name, out nint handle, out string reason)
    {
        reason = $"{name} is not found";
        if (OperatingSystem.IsWindows()) return NativeLibrary.TryLoad(name, out handle);
        nint program = NativeLibrary.GetMainProgramHandle();
        var open = (delegate* unmanaged[Cdecl]<byte*, int, nint>)NativeLibrary.GetExport(program, "dlopen");
        var error = (delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(program, "dlerror");
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            handle = open(text, Now | (OperatingSystem.IsMacOS() ? GlobalMac : GlobalLinux));
        }
        if (handle == 0) reason = Marshal.PtrToStringUTF8((nint)error()) ?? reason;
        return handle != 0;
    }

    /// <summary>MPI_Get_library_version may be called before MPI is initialised.</summary>
    private static MpiLibrary Recognise(nint handle, string path)
    {
        string text = "";
        if (NativeLibrary.TryGetExport(handle, "MPI_Get_library_version", out nint function))
        {
            byte* room = stackalloc byte[MpiAbi.VersionTextLength];
            int length = 0;
            ((delegate* unmanaged[Cdecl]<byte*, int*, int>)function)(room, &length);
            text = Encoding.UTF8.GetString(room, Math.Clamp(length, 0, MpiAbi.VersionTextLength)).TrimEnd('\0');
        }
        string name = ShortName(text);
        MpiAbi? abi = MpiAbi.OpenMpi(handle) ?? (MpichFamily().IsMatch(text) ? MpiAbi.Mpich : null);
        if (abi is not null) return new MpiLibrary(handle, path, abi, name);
        throw new InputException($"'{path}' is no MPI library that torchlm knows ('{name}'): " +
            $"set {CollectiveEnvironment.LibraryVariable} to Open MPI's or MPICH's.");
    }

    /// <summary>A product and its version from a description that may be a page long.</summary>
    internal static string ShortName(string description)
    {
        Match match = Product().Match(description);
        return match.Success ? $"{match.Groups[1].Value.Trim()} {match.Groups[2].Value}" : description.Split('\n', ',')[0].Trim();
    }

    [GeneratedRegex("MPICH|MVAPICH|Intel\\(R\\) MPI|Microsoft MPI", RegexOptions.IgnoreCase)]
    private static partial Regex MpichFamily();

    [GeneratedRegex(@"^([A-Za-z()\d ]+?)(?: (?:Library|Version))*\s*:?\s*v?(\d+(?:\.\w+)*)")]
    private static partial Regex Product();
}
