using TorchLm.Core;

namespace TorchLm.Export;

/// <summary>
/// A folder that is being made, under a temporary name beside its place until it is whole: nothing is left of a failure or an interruption, and what was
/// there before stays until then.
/// </summary>
internal sealed class ExportFolder : IDisposable
{
    private readonly string _target;

    private ExportFolder(string target)
    {
        (_target, Temporary) = (target, $"{target}.{Environment.ProcessId}.tmp");
        if (Directory.Exists(Temporary)) Directory.Delete(Temporary, recursive: true);
        Directory.CreateDirectory(Temporary);
    }

    /// <summary>Where to write.</summary>
    public string Temporary { get; }

    /// <summary>Begins a folder in a place where there is none, or an empty one.</summary>
    /// <param name="path">Its place.</param>
    /// <exception cref="InputException">There is something, or the place cannot be written to.</exception>
    public static ExportFolder Begin(string path) => Begin(path, new HashSet<string>(), overwrite: false);

    /// <summary>Begins a folder that may replace an earlier one of its kind.</summary>
    /// <param name="path">Its place.</param>
    /// <param name="ours">Relative paths, with forward slashes, of the files that a folder of this kind may consist of.</param>
    /// <param name="overwrite">Whether a folder of such files is replaced.</param>
    /// <exception cref="InputException">There is something that may not be replaced, or the place cannot be written to.</exception>
    public static ExportFolder Begin(string path, IReadOnlySet<string> ours, bool overwrite)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(target)) throw new InputException($"--out is '{path}', but that is a file; name a folder.");
        try
        {
            if (Directory.Exists(target)) RefuseUsed(path, ours, overwrite);
            return new ExportFolder(target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot write to '{path}': {e.Message} Choose another --out.", e);
        }
    }

    /// <summary>Puts the folder in its place.</summary>
    public void Complete()
    {
        string old = Temporary + ".old";
        if (Directory.Exists(_target)) Directory.Move(_target, old);
        Directory.Move(Temporary, _target);
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
    }

    /// <summary>Deletes what was written, unless it is complete.</summary>
    public void Dispose()
    {
        if (Directory.Exists(Temporary)) Directory.Delete(Temporary, recursive: true);
    }

    private static void RefuseUsed(string path, IReadOnlySet<string> ours, bool overwrite)
    {
        string[] files = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(path, file).Replace('\\', '/'))];
        if (files.Length == 0) return;
        if (files.Where(file => !ours.Contains(file)).Min(StringComparer.Ordinal) is { } other)
        {
            throw new InputException($"'{path}' holds '{other}', which is nothing that may be replaced: name another --out.");
        }
        if (!overwrite) throw new InputException($"'{path}' holds an export already: replace it with --overwrite, or name another --out.");
    }
}
