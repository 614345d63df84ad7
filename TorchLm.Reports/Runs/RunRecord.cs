using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;

namespace TorchLm.Reports.Runs;

/// <summary>What is known of a run, finished or under way, from the files in its folder.</summary>
/// <param name="Name">What it is called: its folder's name.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Points">Its metrics in order.</param>
/// <param name="Sessions">What it was trained on, a call at a time.</param>
/// <param name="Dataset">Its data; null where that is gone or was never described.</param>
public sealed record RunRecord(string Name, string Folder, RunConfig Config, IReadOnlyList<MetricsPoint> Points, IReadOnlyList<SessionInfo> Sessions, TokenDataset? Dataset)
{
    /// <summary>Logged steps.</summary>
    public IReadOnlyList<MetricsPoint> Steps { get; } = [.. Points.Where(p => p["tokens"] is not null)];

    /// <summary>Evaluations.</summary>
    public IReadOnlyList<MetricsPoint> Evaluations { get; } = [.. Points.Where(p => p["val_loss"] is not null)];

    /// <summary>The evaluation with the lowest loss; null where there is none.</summary>
    public MetricsPoint? Best => Evaluations.MinBy(p => p["val_loss"]);

    /// <summary>The entropy of the validation text in nats per token, below which no model's expected loss can be; null where nobody knows it.</summary>
    public double? EntropyFloor => Dataset?.Val is { EntropyNats: { } nats, Tokens: > 0 } split ? nats / split.Tokens : null;

    /// <summary>Seconds that steps took until each logged one.</summary>
    public IReadOnlyList<double> TrainingSeconds()
    {
        double seconds = 0, tokens = 0;
        List<double> all = [];
        foreach (MetricsPoint point in Steps)
        {
            if (point["tokens_per_second"] is > 0 and { } rate) seconds += Math.Max(0, point["tokens"]!.Value - tokens) / rate;
            tokens = point["tokens"]!.Value;
            all.Add(seconds);
        }
        return all;
    }

    /// <summary>Reads a run.</summary>
    /// <exception cref="InputException">There is none in the folder, or its configuration is damaged.</exception>
    public static RunRecord Load(string folder)
    {
        var run = new RunFolder(folder);
        RunConfig config = run.ReadConfig();
        return new RunRecord(Path.GetFileName(run.Path), run.Path, config, MetricsPoint.ReadAll(run.MetricsPath), SessionLog.Read(run.SessionsPath), Data(run, config));
    }

    /// <summary>The runs that are meant by folders: each is a run's, or holds runs' folders, which are taken in the order of their names.</summary>
    /// <exception cref="InputException">There is no run in one of them.</exception>
    public static IReadOnlyList<RunRecord> LoadAll(IEnumerable<string> folders)
    {
        RunRecord[] runs = [.. folders.SelectMany(Expand).Distinct().Select(Load)];
        return Distinguish(runs);

        static IEnumerable<string> Expand(string folder)
        {
            if (new RunFolder(folder).Exists || !Directory.Exists(folder)) return [new RunFolder(folder).Path];
            string[] inside = [.. Directory.EnumerateDirectories(folder).Where(d => new RunFolder(d).Exists).Order(StringComparer.Ordinal).Select(Path.GetFullPath)];
            return inside.Length > 0 ? inside : [new RunFolder(folder).Path];
        }
    }

    /// <summary>Runs of the same name, from different places, are told apart by the folders above.</summary>
    private static RunRecord[] Distinguish(RunRecord[] runs) => runs.DistinctBy(r => r.Name).Count() == runs.Length ? runs
        : [.. runs.Select(r => r with { Name = $"{Path.GetFileName(Path.GetDirectoryName(r.Folder))}/{r.Name}" })];

    private static TokenDataset? Data(RunFolder run, RunConfig config)
    {
        foreach (string? folder in new[] { run.DataPath, config.Data.Path })
        {
            if (folder is null || !File.Exists(Path.Combine(folder, DatasetManifest.FileName))) continue;
            try
            {
                return TokenDataset.Open(folder);
            }
            catch (InputException)
            {
                return null; // the report says that the data is not there to be described
            }
        }
        return null;
    }
}
