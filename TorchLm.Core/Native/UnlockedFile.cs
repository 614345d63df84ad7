using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TorchLm.Core.Native;

/// <summary>
/// Reads files that another process has locked. On Unix .NET locks every file that it opens, with <c>flock</c>, and fails where it cannot: even a
/// reader that shares everything takes a shared lock, which an exclusive one refuses. The lock is advice among programs, so that the system's own
/// <c>open</c> reads past it.
/// </summary>
internal static partial class UnlockedFile
{
    /// <summary>Opens a file for reading; null where it is not there or may not be read.</summary>
    public static FileStream? TryOpen(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows()) return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            var handle = new SafeFileHandle(Open(path, ReadOnly | (OperatingSystem.IsLinux() ? LinuxNonBlocking : BsdNonBlocking)), ownsHandle: true);
            if (!handle.IsInvalid) return new FileStream(handle, FileAccess.Read, bufferSize: 1);
            handle.Dispose();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A pipe of that name must not keep us waiting. The values are those of Linux on x86-64 and ARM64, and of macOS.
    private const int ReadOnly = 0, LinuxNonBlocking = 0x800, BsdNonBlocking = 0x4;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
