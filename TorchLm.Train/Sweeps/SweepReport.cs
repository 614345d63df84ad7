using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Reports;
using TorchLm.Train.Commands;

namespace TorchLm.Train.Sweeps;

/// <summary>What a sweep found: as a table, as JSON, as a CSV file and as a picture.</summary>
/// <param name="plan">The sweep.</param>
/// <param name="folder">Its folder.</param>
/// <param name="results">Its candidates, the best first.</param>
/// <param name="records">How trials ended.</param>
internal sealed class SweepReport(SweepPlan plan, string folder, IReadOnlyList<CandidateResult> results, TrialRecords records)
{
    private readonly IReadOnlyList<SweepParameter> _parameters = plan.Parameters();
    private readonly long _steps = plan.BaseConfig().Training.Steps;

    /// <summary>The file with a row for each trial.</summary>
    public string CsvPath => Path.Combine(folder, "sweep.csv");

    /// <summary>The picture.</summary>
    public string PicturePath => Path.Combine(folder, "sweep.png");

    /// <summary>The table, sorted by mean best validation loss.</summary>
    public string Table()
    {
        List<string[]> rows = [["", .. _parameters.Select(p => p.Name), "steps", "validation loss", ""]];
        for (int i = 0; i < results.Count; i++)
        {
            CandidateResult r = results[i];
            string loss = r.Mean is not { } mean ? "" : r.Deviation is { } deviation ? $"{mean:0.0000} ± {deviation:0.0000}" : $"{mean:0.0000}";
            string failed = r.Failures.Count == 0 ? "" : r.Losses.Count == 1 ? "failed" : $"{r.Failures.Count} of {r.Losses.Count} failed";
            rows.Add([$"{i + 1}.", .. r.Candidate.Values, StepsOf(r), loss, failed]);
        }
        int columns = rows[0].Length;
        int[] widths = [.. Enumerable.Range(0, columns).Select(c => rows.Max(row => row[c].Length))];
        var text = new StringBuilder();
        foreach (string[] row in rows)
        {
            // Numbers to the right, what was tried to the left.
            IEnumerable<string> cells = row.Select((cell, c) => c == columns - 1 ? cell : c == 0 || c >= columns - 3 ? cell.PadLeft(widths[c])
                : cell.PadRight(widths[c]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
        foreach (CandidateResult r in results.Where(r => r.Failures.Count > 0))
        {
            string settings = string.Join(", ", Pairs(r).Select(p => $"{p.Name} {p.Value}"));
            text.Append($"\nCandidate {r.Candidate.Number} ({settings}) failed: {Program.OneLine(r.Failures[0].TrimEnd('.'))}.\n");
        }
        if (results.FirstOrDefault(r => r.Failures.Count == 0) is { } best)
        {
            string trial = plan.Trials(best.Candidate).ElementAt(best.Losses.ToList().IndexOf(best.Losses.Min())).Name;
            string path = Hint.Path(Path.Combine(folder, trial));
            text.Append($"\nThe best is in {path}: torchlm sample --model {path}\n");
        }
        text.Append($"A row for each trial: {Hint.Path(CsvPath)}; drawn: {Hint.Path(PicturePath)}\n");
        return text.ToString();
    }

    /// <summary>The same for programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["folder"] = folder,
        ["steps"] = _steps,
        ["seeds"] = plan.Seeds,
        ["candidates"] = new JsonArray([.. results.Select((r, i) => new JsonObject
        {
            ["rank"] = i + 1,
            ["candidate"] = r.Candidate.Number,
            ["settings"] = new JsonObject([.. Pairs(r).Select(p => KeyValuePair.Create<string, JsonNode?>(p.Name, ToJson(p.Value)))]),
            ["steps"] = r.Steps ?? _steps,
            ["mean_val_loss"] = r.Mean,
            ["sd_val_loss"] = r.Deviation,
            ["val_losses"] = new JsonArray([.. r.Losses.Select(loss => JsonValue.Create(loss))]),
            ["trials"] = new JsonArray([.. plan.Trials(r.Candidate).Select(trial => JsonValue.Create(trial.Name))]),
            ["failures"] = new JsonArray([.. r.Failures.Select(failure => JsonValue.Create(failure))]),
        })]),
    };

    /// <summary>Writes the CSV file and the picture.</summary>
    public void WriteFiles()
    {
        string[] names = [.. _parameters.Select(p => p.Name)];
        var csv = new StringBuilder(Row(["trial", "candidate", .. names, "seed", "steps", "best_val_loss", "best_step", "seconds", "failure"]));
        var drawn = new List<SweptTrial>();
        foreach (CandidateResult r in results)
        {
            foreach (SweepTrial trial in plan.Trials(r.Candidate))
            {
                TrialProgress progress = Progress(trial);
                IReadOnlyList<TrialRecord> ends = records.All(trial.Name);
                string? failure = ends.FirstOrDefault(end => end.Failure is not null)?.Failure;
                double? best = failure is null ? progress.BestLoss : null;
                string bestStep = best is null ? "" : $"{progress.Curve.First(point => point.Loss == best).Step}";
                string steps = StepsOf(r).Replace(",", "");
                csv.Append(Row([trial.Name, $"{r.Candidate.Number}", .. r.Candidate.Values, $"{trial.Seed}", steps, Number(best), bestStep,
                    Number(Math.Round(ends.Sum(end => end.Seconds), 1)), failure ?? ""]));
                drawn.Add(new SweptTrial(r.Candidate.Number, r.Candidate.Values, best, progress.Curve, r.Steps is null));
            }
        }
        DurableFile.WriteText(CsvPath, csv.ToString());
        if (drawn.Any(trial => trial.BestLoss is not null)) SweepPicture.Draw(PicturePath, names, drawn);
    }

    private TrialProgress Progress(SweepTrial trial) => TrialProgress.Of(new RunFolder(Path.Combine(folder, trial.Name)));

    private IEnumerable<(string Name, string Value)> Pairs(CandidateResult r) => _parameters.Select((parameter, i) => (parameter.Name,
        r.Candidate.Values[i]));

    private string StepsOf(CandidateResult r)
    {
        int own = _parameters.ToList().FindIndex(p => p.Name == "training.steps");
        return own >= 0 ? r.Candidate.Values[own] : $"{r.Steps ?? _steps:N0}";
    }

    private static JsonValue? ToJson(string value) => SweepParameter.Number(value) is { } number ? JsonValue.Create(number) : JsonValue.Create(value);

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static string Row(IEnumerable<string> cells) => string.Join(',', cells.Select(cell =>
        cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"")}\"")) + "\n"; // RFC 4180
}
