using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>
/// metrics.jsonl: one JSON object a line, appended as it happens. Lines that a full disk refuses are kept and written when there is room.
/// </summary>
public sealed class MetricsFile : ITrainingObserver, IDisposable
{
    private readonly string _path;
    private readonly Action<string> _report;
    private readonly List<string> _pending = [];
    private FileStream _file;

    /// <summary>Opens the file for appending.</summary>
    /// <param name="path">The file.</param>
    /// <param name="continueAt">The step that the run continues from: later lines, of steps that are made again, are dropped. 0 starts a new file.</param>
    /// <param name="evaluationDue">Whether that step is evaluated again, so that its evaluation is dropped too.</param>
    /// <param name="report">Told in a sentence when lines cannot be written; null tells nobody.</param>
    public MetricsFile(string path, long continueAt, bool evaluationDue = false, Action<string>? report = null)
    {
        (_path, _report) = (path, report ?? (_ => { }));
        _file = Open(continueAt, evaluationDue);
    }

    /// <inheritdoc/>
    public void OnStep(StepMetrics metrics)
    {
        var line = new JsonObject
        {
            ["step"] = metrics.Step,
            ["tokens"] = metrics.Tokens,
            ["train_loss"] = Finite(metrics.TrainLoss),
            ["loss_z"] = metrics.LossZ is { } z ? Math.Round(z, 2) : null,
            ["lr"] = metrics.LearningRate,
            ["grad_norm"] = Finite(metrics.GradientNorm),
            ["skipped"] = metrics.SkippedUpdates,
            ["tokens_per_second"] = Math.Round(metrics.TokensPerSecond, 1),
            ["mfu"] = metrics.ModelFlopsUtilization is { } mfu ? Math.Round(mfu, 4) : null,
            ["rss_mb"] = metrics.ResidentBytes >> 20,
        };
        if (metrics.DeviceBytes is { } bytes) line["device_mb"] = bytes >> 20;
        if (metrics.Phases is { } phases)
        {
            line["ms"] = new JsonObject
            {
                ["data"] = Math.Round(phases.Data, 3),
                ["forward"] = Math.Round(phases.Forward, 3),
                ["backward"] = Math.Round(phases.Backward, 3),
                ["optimizer"] = Math.Round(phases.Optimizer, 3),
                ["saving"] = Math.Round(metrics.SavingMilliseconds, 3),
            };
            if (metrics.Speeds is not null) line["ms"]!["exchange"] = Math.Round(phases.Exchange, 3);
        }
        if (metrics.Speeds is { } speeds)
        {
            line["ranks"] = new JsonObject
            {
                ["count"] = speeds.Milliseconds.Count,
                ["slowest"] = speeds.Slowest,
                ["slowest_ms"] = Math.Round(speeds.SlowestMilliseconds, 3),
                ["fastest_ms"] = Math.Round(speeds.FastestMilliseconds, 3),
                ["slowest_tokens_per_second"] = Math.Round(speeds.SlowestTokensPerSecond, 1),
                ["fastest_tokens_per_second"] = Math.Round(speeds.FastestTokensPerSecond, 1),
            };
        }
        if (metrics.Layers is { } layers)
        {
            line["layers"] = new JsonObject
            {
                ["rms"] = new JsonArray([.. layers.Outputs.Select(Finite)]),
                ["grad_norm"] = new JsonArray([.. layers.Gradients.Select(Finite)]),
                ["embedding_grad_norm"] = Finite(layers.EmbeddingGradient),
            };
            if (layers.HeadGradient is { } head) line["layers"]!["head_grad_norm"] = Finite(head);
        }
        Write(line);
    }

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationMetrics metrics, Gpt model)
    {
        var line = new JsonObject
        {
            ["step"] = metrics.Step,
            ["val_loss"] = Finite(metrics.Result.Loss),
            ["val_bpb"] = metrics.Result.BitsPerByte is { } bits ? Finite(bits) : null,
            ["val_tokens"] = metrics.Result.Tokens,
            ["seconds"] = Math.Round(metrics.Time.TotalSeconds, 3),
        };
        if (metrics.Sample is { } text) line["sample"] = text;
        Write(line);
    }

    /// <inheritdoc/>
    public void OnCheckpoint(long step, string path)
    {
        // A checkpoint is no measurement; its folder says when it was made.
    }

    /// <inheritdoc/>
    public void OnIncident(TrainingIncident incident)
    {
        if (incident.Kind == IncidentKind.RolledBack)
        {
            _pending.RemoveAll(line => !IsUpTo(line, incident.Step));
            CutBack(incident.Step);
        }
        Write(new JsonObject
        {
            ["step"] = incident.Step,
            ["incident"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(incident.Kind.ToString()),
            ["message"] = incident.Message,
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pending.Count > 0 && Flush() is { } failure) _report($"{_pending.Count:N0} lines of '{_path}' are lost: {failure}");
        _file.Dispose();
    }

    /// <summary>Cuts off what lies after a step, if anything does.</summary>
    private FileStream Open(long continueAt, bool evaluationDue)
    {
        string there = File.Exists(_path) ? File.ReadAllText(_path) : "";
        string kept = continueAt == 0 ? "" : string.Concat(there.Split('\n').Where(l => IsUpTo(l, continueAt) && !(evaluationDue && IsEvaluationOf(l, continueAt))).Select(l => l + "\n"));
        if (kept != there || !File.Exists(_path)) DurableFile.WriteText(_path, kept);
        return new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1);
    }

    private void CutBack(long step)
    {
        try
        {
            FileStream cut = Open(step, evaluationDue: false);
            _file.Dispose();
            _file = cut;
        }
        catch (Exception e) when (DurableFile.IsRefusal(e))
        {
            _report($"'{_path}' cannot be cut back to step {step:N0}: {e.Message}");
        }
    }

    /// <summary>JSON has no NaN: a loss that is not a number is null.</summary>
    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static JsonNode? Finite(float value) => float.IsFinite(value) ? JsonValue.Create(value) : null; // in the few digits that a float has

    private static bool IsUpTo(string line, long step) => Is(line, (number, _) => number <= step);

    private static bool IsEvaluationOf(string line, long step) => Is(line, (number, metrics) => number == step && metrics.TryGetProperty("val_loss", out _));

    private static bool Is(string line, Func<long, JsonElement, bool> holds)
    {
        try
        {
            using JsonDocument metrics = JsonDocument.Parse(line, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return metrics.RootElement.ValueKind == JsonValueKind.Object && metrics.RootElement.TryGetProperty("step", out JsonElement at)
                && at.ValueKind == JsonValueKind.Number && at.TryGetInt64(out long number) && holds(number, metrics.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half a surrogate pair in a name
        {
            return false; // the half-written last line of a run that was killed
        }
    }

    private void Write(JsonObject line)
    {
        bool failedBefore = _pending.Count > 0;
        _pending.Add(line.ToJsonString() + "\n");
        if (Flush() is { } failure && !failedBefore) _report($"'{_path}' cannot be written: {failure} Its lines are kept until there is room.");
    }

    /// <summary>Writes the lines that wait, whole or not at all.</summary>
    /// <returns>Why not, or null where it went well.</returns>
    private string? Flush()
    {
        long? length = null;
        try
        {
            length = _file.Length;
            _file.Write(Encoding.UTF8.GetBytes(string.Concat(_pending)));
            _file.Flush();
            _pending.Clear();
            return null;
        }
        catch (Exception e) when (DurableFile.IsRefusal(e))
        {
            try
            {
                if (length is { } whole) _file.SetLength(whole); // no half line stays
            }
            catch (Exception second) when (DurableFile.IsRefusal(second))
            {
                return second.Message; // a resume drops the half line
            }
            return e.Message;
        }
    }
}
