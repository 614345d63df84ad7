using TorchLm.Core.Native;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// One run, one process: an exclusive hold on a run's folder by its file run.lock, which names the owner. The system lets go of it when the process
/// ends, however it ends; a file that is left behind was a crashed process's, and is replaced.
/// </summary>
/// <remarks>
/// The hold is the system's lock on the open file (Windows: no sharing for writing; Unix: <c>flock</c>), not the file's being there. Where a network
/// file system has no such locks, .NET goes on without; there an owner in the file counts as the holder for as long as its process is alive on this
/// machine, and two machines are kept apart by nothing.
/// The file is deleted by <see cref="Dispose"/> and not by FileOptions.DeleteOnClose: Windows would delete it after a crash as well, and nobody would
/// learn of the crash.
/// </remarks>
public sealed class RunLock : IDisposable
{
    /// <summary>The file's name in the run's folder.</summary>
    public const string FileName = "run.lock";

    private const int Attempts = 20;

    /// <summary>EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows: how the system says that the file is held.</summary>
    private const int LinuxHeld = 11, MacHeld = 35, WindowsHeld = unchecked((int)0x80070020);

    /// <summary>EEXIST and ERROR_FILE_EXISTS. To look for the file afterwards would not do: its owner may have deleted it by then.</summary>
    private const int UnixExists = 17, WindowsExists = unchecked((int)0x80070050);

    /// <summary>Between two attempts at a file that is just being made or deleted.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly string _path;
    private readonly FileStream _file;
    private readonly LockOwner _self;

    private RunLock(string path, FileStream file, LockOwner self, LockOwner? stale) => (_path, _file, _self, StaleOwner) = (path, file, self, stale);

    /// <summary>The process that had the folder before and ended without letting go of it (killed, or a power cut), where there was one that said its name.</summary>
    public LockOwner? StaleOwner { get; }

    /// <summary>Takes the folder, which is created if missing.</summary>
    /// <returns>The hold, or null where another process has it.</returns>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public static RunLock? TryTake(RunFolder run) => TryTake(run, out _);

    /// <summary>Takes the folder.</summary>
    /// <exception cref="InputException">Another process has it, or it cannot be written to.</exception>
    public static RunLock Take(RunFolder run) => TryTake(run, out LockOwner? holder) ?? throw new InputException(Refusal(run.Path, holder));

    /// <inheritdoc/>
    public void Dispose()
    {
        // While it is still held, and only if nobody put another one in its place.
        if (_file.CanRead && ReadOwner(_path)?.Nonce == _self.Nonce) File.Delete(_path);
        _file.Dispose();
    }

    private static RunLock? TryTake(RunFolder run, out LockOwner? holder)
    {
        string path = Path.Combine(run.Path, FileName);
        LockOwner? stale = null;
        holder = null;
        try
        {
            Directory.CreateDirectory(run.Path);
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                if (attempt > 0) Thread.Sleep(s_pause);
                if (TryCreate(path, stale) is { } taken) return taken;
                holder = HolderOf(path, ref stale);
                if (holder is not null && (!holder.IsOnThisHost || holder.IsAlive())) return null;
                // Else it is nobody's any more, or its owner is just beginning or ending: once more.
            }
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot write to the run's folder '{run.Path}': {e.Message} Make it writable, or begin a run in another one with --out.", e);
        }
    }

    /// <summary>Makes the file, which must not be there, and holds it.</summary>
    private static RunLock? TryCreate(string path, LockOwner? stale)
    {
        FileStream file;
        try
        {
            FileShare share = OperatingSystem.IsWindows() ? FileShare.Read | FileShare.Delete : FileShare.None;
            file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, share, bufferSize: 1);
        }
        catch (IOException e) when (IsHeld(e) || e.HResult is UnixExists or WindowsExists)
        {
            return null;
        }
        var self = LockOwner.Current();
        try
        {
            file.Write(self.ToBytes());
            file.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(path);
            file.Dispose();
            throw;
        }
        // Between making and locking it another process may have taken the empty file for remains and replaced it.
        if (ReadOwner(path)?.Nonce == self.Nonce) return new RunLock(path, file, self, stale);
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Who holds the file that is there, as far as it says so. A file that nobody holds is deleted, and its owner remembered. It is deleted while it is
    /// locked, so that no process deletes what another has just made; and never written to, whatever it is.
    /// </summary>
    private static LockOwner? HolderOf(string path, ref LockOwner? stale)
    {
        FileStream remains;
        try
        {
            FileShare share = OperatingSystem.IsWindows() ? FileShare.Read | FileShare.Delete : FileShare.None;
            remains = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, share, bufferSize: 1);
        }
        catch (FileNotFoundException)
        {
            if (new FileInfo(path).LinkTarget is not null) File.Delete(path); // a link to nowhere
            return null;
        }
        catch (IOException e) when (IsHeld(e))
        {
            return ReadOwner(path);
        }
        using (remains)
        {
            LockOwner? owner = ReadOwner(path);
            if (owner is not null && !SystemLocks(path) && owner.IsAlive()) return owner;
            stale = owner ?? stale;
            File.Delete(path);
            return null;
        }
    }

    /// <summary>Whether the file system has locks: then a file that is held cannot be held a second time.</summary>
    private static bool SystemLocks(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1).Dispose();
            return false;
        }
        catch (IOException e) when (IsHeld(e))
        {
            return true;
        }
    }

    private static bool IsHeld(IOException e) => e.HResult is LinuxHeld or MacHeld or WindowsHeld;

    private static LockOwner? ReadOwner(string path)
    {
        using FileStream? file = UnlockedFile.TryOpen(path);
        if (file is null) return null;
        byte[] bytes = new byte[LockOwner.MaximumBytes + 1];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length > LockOwner.MaximumBytes ? null : LockOwner.Parse(bytes.AsSpan(0, length));
    }

    private static string Refusal(string folder, LockOwner? holder)
    {
        if (holder is null) return $"Another process is training in '{folder}': wait for it, or choose another folder with --out.";
        string stop = holder.IsOnThisHost && !OperatingSystem.IsWindows() ? $" stop it (kill {holder.Pid})," : "";
        return $"Process {holder.Pid} on host '{holder.Host}' has been training in '{folder}' since {holder.Since}: wait for it,{stop} or choose another folder with --out.";
    }
}
