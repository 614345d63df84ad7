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

    /// <summary>Begins a folder.</summary>
    /// <param name="path">Its place.</param>
    /// <param name="replaceable">
    /// Relative paths, with forward slashes, of the files that a folder in that place may consist of to be replaced; with none only an empty one may.
    /// </param>
    /// <exception cref="InputException">There is something that may not be replaced, or the place cannot be written to.</exception>
    public static ExportFolder Begin(string path, IReadOnlySet<string> replaceable)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(target)) throw new InputException($"--out is '{path}', but that is a file; name a folder.");
        try
        {
            if (Directory.Exists(target)) RefuseOthers(path, replaceable);
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

    private static void RefuseOthers(string path, IReadOnlySet<string> replaceable)
    {
        string? first = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace('\\', '/')).Order(StringComparer.Ordinal).FirstOrDefault(file => !replaceable.Contains(file));
        if (first is null) return;
        throw new InputException(replaceable.Count > 0 ? $"'{path}' holds '{first}', which no export writes, so it is not replaced: name another --out."
            : $"'{path}' is not empty (it holds '{first}'): name another --out.");
    }
}
