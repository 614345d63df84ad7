using System.Text.Json;

namespace TorchLm.Reports.Runs;

/// <summary>A line of metrics.jsonl, with what it holds and null for the rest; docs/runs.md describes the fields.</summary>
/// <param name="Step">Updates made.</param>
public sealed record MetricsPoint(long Step)
{
    /// <summary>The numbers that a line may hold, in the order of tables; a part of the time is named as <c>ms.data</c> is.</summary>
    public static IReadOnlyList<string> Fields { get; } =
    [
        "tokens", "train_loss", "loss_z", "lr", "grad_norm", "skipped", "tokens_per_second", "mfu", "rss_mb", "device_mb", "ms.data", "ms.forward", "ms.backward",
        "ms.optimizer", "ms.saving", "val_loss", "val_bpb", "val_tokens", "seconds",
    ];

    private readonly Dictionary<string, double> _numbers = [];

    /// <summary>What the model wrote; null where the line is no evaluation with a sample.</summary>
    public string? Sample { get; private init; }

    /// <summary>What went wrong, in a sentence; null where the line is no incident.</summary>
    public string? Message { get; private init; }

    /// <summary>A number by its field's name; null where the line has none.</summary>
    public double? this[string field] => _numbers.TryGetValue(field, out double value) ? value : null;

    /// <summary>All lines of a file that can be read, in their order: a run that was killed may have left half a line.</summary>
    public static IReadOnlyList<MetricsPoint> ReadAll(string path)
    {
        if (!File.Exists(path)) return [];
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete); // a run may be writing it
        using var reader = new StreamReader(stream);
        List<MetricsPoint> points = [];
        while (reader.ReadLine() is { } line)
        {
            if (Parse(line) is { } point) points.Add(point);
        }
        return points;
    }

    private static MetricsPoint? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("step", out JsonElement at) || at.ValueKind != JsonValueKind.Number
                || !at.TryGetInt64(out long step))
            {
                return null;
            }
            var point = new MetricsPoint(step) { Sample = Text(root, "sample"), Message = Text(root, "message") };
            foreach (string field in Fields)
            {
                JsonElement value = root;
                if (field.Split('.').All(part => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(part, out value)) && value.ValueKind == JsonValueKind.Number)
                {
                    point._numbers[field] = value.GetDouble();
                }
            }
            return point;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half a surrogate pair
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
