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

    private static readonly string[] s_ofLayers = ["rms", "grad_norm"], s_besideLayers = ["layers.embedding_grad_norm", "layers.head_grad_norm"];

    private readonly Dictionary<string, double> _numbers = [];

    /// <summary>Blocks that the line has numbers of.</summary>
    public int LayerCount { get; private set; }

    /// <summary>What the model wrote; null where the line is no evaluation with a sample.</summary>
    public string? Sample { get; private init; }

    /// <summary>What went wrong, in a sentence; null where the line is no incident.</summary>
    public string? Message { get; private init; }

    /// <summary>A number by its field's name; null where the line has none.</summary>
    public double? this[string field] => _numbers.TryGetValue(field, out double value) ? value : null;

    /// <summary>
    /// The numbers of layers that some lines hold, in the order of tables, such as <c>layers.rms.0</c> and <c>layers.grad_norm.0</c> of the first block; none
    /// where nothing was measured of layers.
    /// </summary>
    public static IReadOnlyList<string> LayerFields(IReadOnlyList<MetricsPoint> points)
    {
        int layers = points.Select(p => p.LayerCount).DefaultIfEmpty().Max();
        return [.. s_besideLayers.Where(field => points.Any(p => p[field] is not null)),
            .. s_ofLayers.SelectMany(what => Enumerable.Range(0, layers).Select(layer => $"layers.{what}.{layer}"))];
    }

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
            point.ReadLayers(root);
            foreach (string field in Fields.Concat(s_besideLayers))
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

    /// <summary>Lists with a number for each block.</summary>
    private void ReadLayers(JsonElement root)
    {
        if (!root.TryGetProperty("layers", out JsonElement layers) || layers.ValueKind != JsonValueKind.Object) return;
        foreach (string what in s_ofLayers)
        {
            if (!layers.TryGetProperty(what, out JsonElement values) || values.ValueKind != JsonValueKind.Array) continue;
            LayerCount = Math.Max(LayerCount, values.GetArrayLength());
            int layer = 0;
            foreach (JsonElement value in values.EnumerateArray())
            {
                if (value.ValueKind == JsonValueKind.Number) _numbers[$"layers.{what}.{layer}"] = value.GetDouble();
                layer++;
            }
        }
    }

    private static string? Text(JsonElement root, string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
