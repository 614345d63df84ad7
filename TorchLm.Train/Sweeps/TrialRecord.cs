using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Train.Sweeps;

/// <summary>How a trial's process ended.</summary>
/// <param name="Trial">The trial's name.</param>
/// <param name="Steps">Up to which step it was to train; null is the whole run.</param>
/// <param name="Failure">Why it failed, in a sentence; null where it did not.</param>
/// <param name="Seconds">How long the process took.</param>
internal sealed record TrialRecord(string Trial, long? Steps, string? Failure, double Seconds);

/// <summary>trials.jsonl: a line for each trial that has come to an end, so that a sweep that goes on knows what is done.</summary>
internal sealed class TrialRecords
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly string _path;
    private readonly List<TrialRecord> _all = [];

    /// <summary>Reads those that are there; a last line that was cut off does not count.</summary>
    public TrialRecords(string folder)
    {
        _path = Path.Combine(folder, "trials.jsonl");
        if (!File.Exists(_path)) return;
        foreach (string line in File.ReadLines(_path))
        {
            try
            {
                if (JsonSerializer.Deserialize<TrialRecord>(line, s_json) is { Trial: not null } record) _all.Add(record);
            }
            catch (JsonException)
            {
                // half a line of a process that was killed
            }
        }
        DurableFile.WriteText(_path, Text());
    }

    /// <summary>Adds one and keeps it.</summary>
    public void Add(TrialRecord record)
    {
        lock (_all)
        {
            _all.Add(record);
            DurableFile.WriteText(_path, Text());
        }
    }

    /// <summary>Whether a trial has come as far as it should, or has failed.</summary>
    public TrialRecord? Of(string trial, long? steps)
    {
        lock (_all) return _all.LastOrDefault(record => record.Trial == trial && (record.Failure is not null || record.Steps is null
            || record.Steps >= steps));
    }

    /// <summary>All of a trial.</summary>
    public IReadOnlyList<TrialRecord> All(string trial)
    {
        lock (_all) return [.. _all.Where(record => record.Trial == trial)];
    }

    private string Text() => string.Concat(_all.Select(record => JsonSerializer.Serialize(record, s_json) + "\n"));
}

/// <summary>What a trial's folder says of it.</summary>
/// <param name="Curve">The validation losses by step, the untrained model's left out.</param>
internal sealed record TrialProgress(IReadOnlyList<(long Step, double Loss)> Curve)
{
    /// <summary>The lowest validation loss in nats a token; null before the first evaluation.</summary>
    public double? BestLoss => Curve.Count == 0 ? null : Curve.Min(point => point.Loss);

    /// <summary>Reads a run's metrics.</summary>
    public static TrialProgress Of(RunFolder run)
    {
        if (!File.Exists(run.MetricsPath)) return new TrialProgress([]);
        var curve = new List<(long, double)>();
        foreach (string line in File.ReadLines(run.MetricsPath))
        {
            try
            {
                if (JsonNode.Parse(line) is JsonObject point && point["val_loss"] is JsonValue loss
                    && (long?)point["step"] is { } step and > 0) curve.Add((step, (double)loss));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
            {
                throw new InputException($"'{run.MetricsPath}' is damaged: delete that trial's folder, and the sweep makes it anew.", e);
            }
        }
        return new TrialProgress(curve);
    }
}
