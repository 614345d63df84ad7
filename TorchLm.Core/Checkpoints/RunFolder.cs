using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchLm.Core.Configuration;

namespace TorchLm.Core.Checkpoints;

/// <summary>The folder of a run: where its files are, which checkpoints it holds, and which of them is the latest and the best.</summary>
public sealed class RunFolder
{
    private const string StepPrefix = "step-";

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

    /// <summary>Shards made from a text that was given directly; absent where the run reads a prepared folder.</summary>
    public string DataPath => In("data");

    /// <summary>Whether a run was begun here.</summary>
    public bool Exists => File.Exists(ConfigPath);

    /// <summary>The folder of a step's checkpoint, whether it exists or not.</summary>
    public string StepPath(long step) => In(StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The step of the latest checkpoint, or null where there is none.</summary>
    public long? LatestStep => ReadPointer("latest.json");

    /// <summary>The step of the checkpoint with the lowest validation loss, or null where there is none.</summary>
    public long? BestStep => ReadPointer("best.json");

    /// <summary>The steps of all complete checkpoints, ascending.</summary>
    public IReadOnlyList<long> Steps() => !Directory.Exists(Path) ? [] :
    [
        .. Directory.EnumerateDirectories(Path, StepPrefix + "*").Select(d => System.IO.Path.GetFileName(d)[StepPrefix.Length..])
            .Where(s => s.Length >= 8 && s.All(char.IsAsciiDigit)).Select(s => long.Parse(s, CultureInfo.InvariantCulture)).Order(),
    ];

    /// <summary>Reads the run's configuration.</summary>
    /// <param name="settings">Changes on top, each <c>name=value</c>.</param>
    /// <exception cref="InputException">There is no run here, or its configuration is damaged.</exception>
    public RunConfig ReadConfig(IEnumerable<string>? settings = null)
    {
        if (!Exists)
        {
            var parent = new RunFolder(System.IO.Path.Combine(Path, ".."));
            throw new InputException(parent.Exists ? $"'{Path}' is a part of a run: name the run's folder, '{parent.Path}'."
                : $"There is no run in '{Path}': it has no config.json.");
        }
        return RunConfig.Parse(File.ReadAllText(ConfigPath), ConfigPath, settings);
    }

    /// <summary>Deletes the run's files, and the folder where nothing else is in it.</summary>
    public void Delete()
    {
        foreach (string folder in Directory.EnumerateDirectories(Path, StepPrefix + "*").Append(DataPath).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
        foreach (string file in new[] { ConfigPath, TokenizerPath, MetricsPath, In("latest.json"), In("best.json") }) File.Delete(file);
        if (Directory.Exists(Path) && !Directory.EnumerateFileSystemEntries(Path).Any()) Directory.Delete(Path);
    }

    internal void WriteLatest(long step) => WritePointer("latest.json", step);

    internal void WriteBest(long step) => WritePointer("best.json", step);

    /// <summary>Deletes checkpoints other than the last <paramref name="keep"/>, the latest and the best, and what a killed process left half-written.</summary>
    internal void Prune(int keep)
    {
        foreach (string unfinished in Directory.EnumerateDirectories(Path, StepPrefix + "*.tmp")) Directory.Delete(unfinished, recursive: true);
        long? best = BestStep, latest = LatestStep;
        foreach (long step in Steps().SkipLast(keep).Where(s => s != best && s != latest)) Directory.Delete(StepPath(step), recursive: true);
    }

    private void WritePointer(string name, long step) =>
        DurableFile.WriteText(In(name), JsonSerializer.Serialize(new Pointer(step, System.IO.Path.GetFileName(StepPath(step)))) + "\n");

    private long? ReadPointer(string name)
    {
        if (!File.Exists(In(name))) return null;
        try
        {
            return (JsonSerializer.Deserialize<Pointer>(File.ReadAllText(In(name))) ?? throw new JsonException()).Step;
        }
        catch (JsonException e)
        {
            throw new InputException($"'{In(name)}' is damaged; delete it, or name a step's folder instead of the run's.", e);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
