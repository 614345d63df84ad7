using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchLm.Core.Configuration;

namespace TorchLm.Core.Checkpoints;

/// <summary>The folder of a run: where its files are, which checkpoints it holds, and which of them is the latest and the best.</summary>
public sealed class RunFolder
{
    private const string StepPrefix = "step-", LatestFile = "latest.json", BestFile = "best.json", BeingReplaced = ".old.tmp";

    private const int LargestPointer = 4096;

    private sealed record Pointer([property: JsonPropertyName("step")] long Step, [property: JsonPropertyName("folder")] string Folder);

    /// <summary>Names the folder; nothing is read or written yet.</summary>
    public RunFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>The resolved configuration.</summary>
    public string ConfigPath => In("config.json");

    /// <summary>The tokenizer, in Hugging Face's format.</summary>
    public string TokenizerPath => In("tokenizer.json");

    /// <summary>One JSON object a line for each logged step and evaluation.</summary>
    public string MetricsPath => In("metrics.jsonl");

    /// <summary>What the run was trained on: one JSON object a line for each call.</summary>
    public string SessionsPath => In("sessions.jsonl");

    /// <summary>Event files for TensorBoard, where they were asked for.</summary>
    public string TensorBoardPath => In("tensorboard");

    /// <summary>Shards made from a text that was given directly; absent where the run reads a prepared folder.</summary>
    public string DataPath => In("data");

    /// <summary>Whether a run was begun here.</summary>
    public bool Exists => File.Exists(ConfigPath);

    /// <summary>The folder of a step's checkpoint, whether it exists or not.</summary>
    public string StepPath(long step) => In(StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The step of the latest checkpoint, or null where there is none.</summary>
    public long? LatestStep => ReadPointer(LatestFile);

    /// <summary>The step of the checkpoint with the lowest validation loss, or null where there is none.</summary>
    public long? BestStep => ReadPointer(BestFile);

    /// <summary>The steps of all complete checkpoints, ascending.</summary>
    public IReadOnlyList<long> Steps() => !Directory.Exists(Path) ? [] :
        [.. Directory.EnumerateDirectories(Path, StepPrefix + "*").Select(d => StepOf(System.IO.Path.GetFileName(d))).OfType<long>().Order()];

    /// <summary>The step that a folder's name stands for, or null where it is no finished checkpoint's.</summary>
    internal static long? StepOf(string name) =>
        name.Length >= StepPrefix.Length + 8 && name.StartsWith(StepPrefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;

    /// <summary>Reads the run's configuration.</summary>
    /// <param name="settings">Changes on top, each <c>name=value</c>.</param>
    /// <exception cref="InputException">There is no run here, or its configuration is damaged.</exception>
    public RunConfig ReadConfig(IEnumerable<string>? settings = null)
    {
        if (!Exists)
        {
            if (Replaced() is { } aside)
            {
                throw new InputException($"There is no run in '{Path}', but the one that was being replaced there is safe in '{aside}': give that folder its name back.");
            }
            var parent = new RunFolder(System.IO.Path.Combine(Path, ".."));
            throw new InputException(parent.Exists ? $"'{Path}' is a part of a run: name the run's folder, '{parent.Path}'."
                : $"There is no run in '{Path}': it has no config.json.");
        }
        return RunConfig.Parse(ConfigFile.ReadText(ConfigPath), ConfigPath, settings);
    }

    /// <summary>Whether a file is one that is written before config.json, or one half-written: without a configuration it belongs to no run.</summary>
    public bool IsRemainder(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        return name == System.IO.Path.GetFileName(TokenizerPath) || (name.EndsWith(".tmp", StringComparison.Ordinal)
            && new[] { ConfigPath, TokenizerPath, MetricsPath, SessionsPath }.Any(file => name.StartsWith(System.IO.Path.GetFileName(file) + ".", StringComparison.Ordinal)));
    }

    /// <summary>Deletes the run's files, and the folder where nothing else is in it.</summary>
    public void Delete()
    {
        foreach (string folder in Directory.EnumerateDirectories(Path, StepPrefix + "*").Append(DataPath).Append(TensorBoardPath).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
        foreach (string file in new[] { ConfigPath, TokenizerPath, MetricsPath, SessionsPath, In(LatestFile), In(BestFile) }) File.Delete(file);
        if (Directory.Exists(Path) && !Directory.EnumerateFileSystemEntries(Path).Any()) Directory.Delete(Path);
    }

    internal void WriteLatest(long step) => WritePointer(LatestFile, step);

    internal void WriteBest(long step) => WritePointer(BestFile, step);

    /// <summary>Forgets which checkpoint was the best.</summary>
    internal void DeleteBest() => File.Delete(In(BestFile));

    /// <summary>
    /// Gives a finished folder a step's name. One that is there (the same step, made again after a resume) is out of the way first and deleted last.
    /// </summary>
    internal void Replace(string temporary, long step)
    {
        string target = StepPath(step), old = target + BeingReplaced;
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        if (Directory.Exists(target)) Directory.Move(target, old);
        Directory.Move(temporary, target);
        FolderSync.Flush(Path);
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
    }

    /// <summary>Gives a checkpoint its name back that a process was killed over replacing.</summary>
    internal void UndoReplacement()
    {
        foreach (string old in Directory.EnumerateDirectories(Path, StepPrefix + "*" + BeingReplaced))
        {
            if (!Directory.Exists(old[..^BeingReplaced.Length])) Directory.Move(old, old[..^BeingReplaced.Length]);
        }
    }

    /// <summary>Puts a checkpoint that is not a part of the run any more out of the way, but does not delete it.</summary>
    /// <returns>The folder that it is in now.</returns>
    internal string SetAside(long step, string why)
    {
        string aside = $"{StepPath(step)}.{why}";
        for (int i = 2; Directory.Exists(aside); i++) aside = $"{StepPath(step)}.{why}-{i}";
        Directory.Move(StepPath(step), aside);
        return aside;
    }

    /// <summary>Deletes checkpoints other than the last <paramref name="keep"/>, the latest and the best, and what a killed process left half-written.</summary>
    internal void Prune(int keep)
    {
        foreach (string unfinished in Directory.EnumerateDirectories(Path, StepPrefix + "*.tmp")) Directory.Delete(unfinished, recursive: true);
        long? best = BestStep, latest = LatestStep;
        foreach (long step in Steps().SkipLast(keep).Where(s => s != best && s != latest)) DeleteStep(step);
    }

    /// <summary>Deletes the checkpoints after a step but the best one: they belong to steps that are made anew.</summary>
    internal void DeleteAfter(long last)
    {
        long? best = BestStep;
        foreach (long step in Steps().Where(s => s > last && s != best)) DeleteStep(step);
    }

    /// <summary>Under another name first, so that a process that is killed half-way leaves no checkpoint that lacks files.</summary>
    private void DeleteStep(long step)
    {
        string doomed = $"{StepPath(step)}.deleted.tmp";
        Directory.Move(StepPath(step), doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Where <c>--overwrite</c> put the run that was here, if the process was killed before the new one had begun.</summary>
    public string? Replaced()
    {
        string? parent = System.IO.Path.GetDirectoryName(Path);
        return parent is null || !Directory.Exists(parent) ? null : Directory.EnumerateDirectories(parent, System.IO.Path.GetFileName(Path) + ".replaced*").FirstOrDefault();
    }

    private void WritePointer(string name, long step) =>
        DurableFile.WriteText(In(name), JsonSerializer.Serialize(new Pointer(step, System.IO.Path.GetFileName(StepPath(step)))) + "\n");

    private long? ReadPointer(string name)
    {
        var file = new FileInfo(In(name));
        if (!file.Exists) return null;
        try
        {
            if (file.Length > LargestPointer) throw new JsonException();
            Pointer pointer = JsonSerializer.Deserialize<Pointer>(File.ReadAllText(file.FullName)) ?? throw new JsonException();
            if (pointer.Folder is null || StepOf(pointer.Folder) != pointer.Step) throw new JsonException(); // the two say the same, so that a changed one is seen
            return pointer.Step;
        }
        catch (JsonException e)
        {
            throw new InputException($"'{In(name)}' is damaged; name a step's folder instead of the run's, or continue the run, which writes it anew.", e);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
