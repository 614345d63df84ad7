using System.Runtime.InteropServices;

namespace TorchLm.Core.Native;

/// <summary>Environment variables as native code in this process sees them; .NET keeps a copy of its own. Not on Windows.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable, unless the user has.</summary>
    public static void SetDefault(string name, string value) => _ = Set(name, value, 0);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Set(string name, string value, int overwrite);
}
