using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Data.Datasets;

namespace TorchLm.Train.Commands;

/// <summary>Which folder a run gets. Nobody's run is overwritten without their word, and no two processes share one.</summary>
internal static class RunFolders
{
    public const string Root = "checkpoints";

    /// <summary>checkpoints/NAME, or with the first number behind it that is not in use.</summary>
    public static Claimed Unused(string name)
    {
        for (int i = 1; ; i++)
        {
            var run = new RunFolder(Path.Combine(Root, i == 1 ? name : $"{name}-{i}"));
            if (!IsFree(run.Path) || RunLock.TryTake(run) is not { } hold) continue;
            if (!run.Exists) return Cleared(run, hold, replaced: null);
            hold.Dispose(); // another process has just begun and ended there
        }
    }

    /// <summary>The run under a default name that was saved last.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static string Newest(string name)
    {
        IEnumerable<string> folders = Directory.Exists(Root) ? Directory.EnumerateDirectories(Root, name + "*") : [];
        return folders.Where(folder => IsNumbered(Path.GetFileName(folder), name) && new RunFolder(folder).Steps().Count > 0)
            .MaxBy(folder => File.GetLastWriteTimeUtc(new RunFolder(folder).StepPath(new RunFolder(folder).Steps()[^1])))
            ?? throw new InputException($"There is no run to resume in {Path.Combine(Root, name)}; name its folder: --resume DIR.");
    }

    /// <summary>The folder that the user named, which must not hold a run unless they say so.</summary>
    /// <exception cref="InputException">It holds a run, or something else that is not a run's, or another process has it.</exception>
    public static Claimed Claim(string folder, bool overwrite)
    {
        if (File.Exists(folder)) throw new InputException($"--out is '{folder}', but that is a file; name a folder.");
        var run = new RunFolder(folder);
        if (!run.Exists)
        {
            if (!IsFree(folder)) throw new InputException($"--out is '{folder}', but that folder holds other files; name a new or an empty one.");
            if (run.Replaced() is { } earlier) Console.Error.WriteLine($"The run that was here is in '{earlier}': a process was killed while it replaced it.");
            return Cleared(run, RunLock.Take(run), replaced: null);
        }
        if (!overwrite)
        {
            long? saved = run.Steps() is [.., long last] ? last : null;
            string how = saved is null ? "" : $"continue it with --resume {Hint.Path(folder)}, ";
            throw new InputException($"'{folder}' already holds a run{(saved is { } step ? $" (saved at step {step:N0})" : "")}: {how}replace it with " +
                "--overwrite, or choose another --out.");
        }
        using RunLock old = RunLock.Take(run);
        // The old run stays aside until the new one has begun, in case the new one turns out to be impossible.
        string aside = $"{run.Path}.replaced";
        for (int i = 2; Directory.Exists(aside); i++) aside = $"{run.Path}.replaced-{i}";
        if (OperatingSystem.IsWindows()) old.Dispose(); // it moves no folder with an open file in it
        Directory.Move(run.Path, aside);
        File.Delete(Path.Combine(aside, RunLock.FileName));
        return new Claimed(run, RunLock.Take(run), aside);
    }

    /// <summary>
    /// Whether a new run may be begun in a folder: it is empty, or all that is in it is what a process left that was killed before its run had begun. Its
    /// lock says that it was one (and whether it still is, which is asked later); shards that are unfinished say it for themselves.
    /// </summary>
    private static bool IsFree(string folder)
    {
        if (!Directory.Exists(folder)) return true;
        var run = new RunFolder(folder);
        bool locked = File.Exists(Path.Combine(folder, RunLock.FileName));
        return Directory.EnumerateFileSystemEntries(folder).All(entry => Path.GetFileName(entry) == RunLock.FileName
            || (Path.GetFileName(entry) == Path.GetFileName(run.DataPath) && (locked || TokenDataset.IsUnfinished(run.DataPath)))
            || (locked && run.IsRemainder(entry)));
    }

    /// <summary>A folder that is held and from which the remains of a run that never began are deleted; unfinished shards are gone on with.</summary>
    private static Claimed Cleared(RunFolder run, RunLock hold, string? replaced)
    {
        foreach (string entry in Directory.EnumerateFiles(run.Path).Where(run.IsRemainder)) File.Delete(entry);
        if (Directory.Exists(run.DataPath) && !TokenDataset.IsUnfinished(run.DataPath)) Directory.Delete(run.DataPath, recursive: true); // it may be of other text
        return new Claimed(run, hold, replaced);
    }

    private static bool IsNumbered(string folder, string name) =>
        folder == name || (folder.StartsWith(name + "-", StringComparison.Ordinal) && folder[(name.Length + 1)..].All(char.IsAsciiDigit));

    /// <summary>A folder that this process holds for a new run.</summary>
    public sealed class Claimed(RunFolder run, RunLock hold, string? replaced) : IDisposable
    {
        private bool _begun;

        public RunFolder Run => run;

        /// <summary>Says that the new run exists: a replaced one is deleted.</summary>
        public void Begin()
        {
            _begun = true;
            if (replaced is not null) Directory.Delete(replaced, recursive: true);
        }

        /// <summary>Lets go. Where no run has begun, everything is as it was.</summary>
        public void Dispose()
        {
            if (!_begun) run.Delete(); // while it is still held: nobody else begins here in between
            hold.Dispose();
            if (_begun) return;
            if (!Directory.EnumerateFileSystemEntries(run.Path).Any()) Directory.Delete(run.Path);
            if (replaced is not null && !Directory.Exists(run.Path)) Directory.Move(replaced, run.Path);
        }
    }
}
