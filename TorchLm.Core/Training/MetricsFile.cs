using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>metrics.jsonl: one JSON object a line, appended and flushed as it happens.</summary>
public sealed class MetricsFile : ITrainingObserver, IDisposable
{
    private readonly StreamWriter _writer;

    /// <summary>Opens the file for appending.</summary>
    /// <param name="path">The file.</param>
    /// <param name="continueAt">The step that the run continues from: later lines, of steps that are made again, are dropped. 0 starts a new file.</param>
    public MetricsFile(string path, long continueAt)
    {
        string kept = continueAt > 0 && File.Exists(path) ? string.Concat(File.ReadLines(path).Where(l => IsUpTo(l, continueAt)).Select(l => l + "\n")) : "";
        DurableFile.WriteText(path, kept);
        _writer = new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };
    }

    /// <inheritdoc/>
    public void OnStep(StepMetrics metrics) => Write(new JsonObject
    {
        ["step"] = metrics.Step,
        ["tokens"] = metrics.Tokens,
        ["train_loss"] = Finite(metrics.TrainLoss),
        ["lr"] = metrics.LearningRate,
        ["grad_norm"] = Finite(metrics.GradientNorm),
        ["tokens_per_second"] = Math.Round(metrics.TokensPerSecond, 1),
        ["mfu"] = metrics.ModelFlopsUtilization is { } mfu ? Math.Round(mfu, 4) : null,
        ["rss_mb"] = metrics.ResidentBytes >> 20,
    });

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationMetrics metrics, Gpt model) => Write(new JsonObject
    {
        ["step"] = metrics.Step,
        ["val_loss"] = Finite(metrics.Result.Loss),
        ["val_bpb"] = metrics.Result.BitsPerByte is { } bits ? Finite(bits) : null,
        ["val_tokens"] = metrics.Result.Tokens,
    });

    /// <inheritdoc/>
    public void OnCheckpoint(long step, string path)
    {
        // A checkpoint is no measurement; its folder says when it was made.
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    /// <summary>JSON has no NaN: a loss that is not a number is null.</summary>
    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static bool IsUpTo(string line, long step)
    {
        try
        {
            return JsonNode.Parse(line)?["step"]?.GetValue<long>() <= step;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false; // the half-written last line of a run that was killed
        }
    }

    private void Write(JsonObject line) => _writer.WriteLine(line.ToJsonString());
}
