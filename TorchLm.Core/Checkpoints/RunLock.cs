namespace TorchLm.Core.Checkpoints;

/// <summary>One run, one process: an exclusive hold on a run's folder, released when the process ends however it ends.</summary>
public sealed class RunLock : IDisposable
{
    private const string FileName = "run.lock";

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the folder, which is created if missing.</summary>
    /// <returns>The hold, or null where another process has it.</returns>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public static RunLock? TryTake(RunFolder run)
    {
        try
        {
            Directory.CreateDirectory(run.Path);
            string path = Path.Combine(run.Path, FileName);
            return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException) when (File.Exists(Path.Combine(run.Path, FileName)))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot write to the run's folder '{run.Path}': {e.Message} Choose another with --out.", e);
        }
    }

    /// <summary>Takes the folder.</summary>
    /// <exception cref="InputException">Another process has it, or it cannot be written to.</exception>
    public static RunLock Take(RunFolder run) => TryTake(run)
        ?? throw new InputException($"Another process is training in '{run.Path}': wait for it, or choose another folder with --out.");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
