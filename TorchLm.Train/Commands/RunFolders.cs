using TorchLm.Core;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Train.Commands;

/// <summary>Which folder a run gets. Nobody's run is overwritten without their word.</summary>
internal static class RunFolders
{
    private const string Root = "checkpoints";

    /// <summary>checkpoints/NAME, or with the first number behind it that is not in use.</summary>
    public static string Unused(string name) => Candidates(name)
        .First(folder => !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any());

    /// <summary>The run that was begun last under a default name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static string Newest(string name) => Candidates(name).TakeWhile(Directory.Exists).LastOrDefault(folder => new RunFolder(folder).Exists)
        ?? throw new InputException($"There is no run to resume in {Path.Combine(Root, name)}; name its folder: --resume DIR.");

    /// <summary>The folder that the user named, which must not hold a run unless they say so.</summary>
    /// <exception cref="InputException">It holds a run, or something else that is not a run's.</exception>
    public static string Claim(string folder, bool overwrite)
    {
        if (File.Exists(folder)) throw new InputException($"--out is '{folder}', but that is a file; name a folder.");
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any()) return folder;
        var run = new RunFolder(folder);
        if (!run.Exists) throw new InputException($"--out is '{folder}', but that folder holds other files; name a new or an empty one.");
        if (!overwrite)
        {
            throw new InputException($"'{folder}' already holds a run{(run.LatestStep is { } step ? $" (saved at step {step:N0})" : "")}: continue it with " +
                $"--resume {folder}, replace it with --overwrite, or choose another --out.");
        }
        run.Delete();
        return folder;
    }

    private static IEnumerable<string> Candidates(string name) =>
        Enumerable.Range(1, int.MaxValue).Select(i => Path.Combine(Root, i == 1 ? name : $"{name}-{i}"));
}
