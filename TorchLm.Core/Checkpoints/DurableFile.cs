using System.Text;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// Files that appear whole or not at all, and stay: written under a temporary name beside the target, flushed to the disk, renamed, and the folder's
/// entry flushed too.
/// </summary>
public static class DurableFile
{
    /// <summary>Writes the file, replacing one that is there.</summary>
    /// <param name="path">The target.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The disk or the folder refuses; the target is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
        FolderSync.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Writes UTF-8 text without a byte order mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Whether a failure is the disk's or the folder's: no room, no right, no such place, or a file beyond the size that a quota allows, for which .NET has
    /// another exception.
    /// </summary>
    internal static bool IsRefusal(Exception failure) => failure is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>Puts on the disk what other handles have written to a file, if there is one.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    internal static void Flush(string path)
    {
        if (!File.Exists(path)) return;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>The failure that is under way says what went wrong; that its remains cannot be deleted either is no other news.</summary>
    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
