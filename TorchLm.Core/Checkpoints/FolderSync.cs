using System.ComponentModel;
using System.Runtime.InteropServices;

namespace TorchLm.Core.Checkpoints;

/// <summary>Puts a folder's entries on the disk, so that files that were made or renamed in it are there after a power cut too (POSIX fsync).</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0, InvalidArgument = 22;

    /// <summary>Waits until the disk has the folder's entries. On Windows the file system's own journal orders renames, and there is nothing to call.</summary>
    /// <exception cref="IOException">The disk refuses, or the folder is gone.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int file = Open(folder, ReadOnly);
        if (file < 0) throw Failure(folder);
        try
        {
            if (Fsync(file) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument) throw Failure(folder); // some network file systems have none for folders
        }
        finally
        {
            _ = Close(file);
        }
    }

    private static IOException Failure(string folder) => new($"{new Win32Exception(Marshal.GetLastPInvokeError()).Message} : '{folder}'");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);
}
