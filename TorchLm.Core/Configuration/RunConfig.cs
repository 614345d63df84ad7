using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace TorchLm.Core.Configuration;

/// <summary>Everything that decides what a run computes: the content of config.json and of presets (JSON with comments).</summary>
public sealed record RunConfig
{
    /// <summary>How configurations are written and read.</summary>
    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        MaxDepth = 16,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions s_document =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>The shape of the model.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>What it trains on.</summary>
    public DataConfig Data { get; init; } = new();

    /// <summary>How weights are updated.</summary>
    public OptimizerConfig Optimizer { get; init; } = new();

    /// <summary>How long, and when it looks up.</summary>
    public TrainingConfig Training { get; init; } = new();

    /// <summary>Reads a configuration; what it does not say keeps its default.</summary>
    /// <param name="json">JSON, comments and trailing commas allowed.</param>
    /// <param name="source">The file or preset it came from, for messages.</param>
    /// <param name="settings">Changes on top, each <c>name=value</c> with a dotted name such as <c>model.layerCount=6</c>.</param>
    /// <exception cref="InputException">It is not JSON, a name is unknown, a value has the wrong type or breaks a rule.</exception>
    public static RunConfig Parse(string json, string source, IEnumerable<string>? settings = null)
    {
        JsonNode root;
        try
        {
            root = JsonNode.Parse(json, documentOptions: s_document) as JsonObject
                ?? throw new InputException($"{source} is not a JSON object with the sections model, data, optimizer and training.");
        }
        catch (JsonException e)
        {
            string where = e.LineNumber is { } line ? $" at line {line + 1}, byte {e.BytePositionInLine + 1}" : ": a name stands twice in it";
            throw new InputException($"{source} is not valid JSON{where}.", e);
        }
        catch (InvalidOperationException e) // a name is half of a surrogate pair, escaped
        {
            throw new InputException($"{source} holds a name that is not valid Unicode.", e);
        }
        root.AsObject().Remove("$schema"); // for editors
        string[] changes = [.. settings ?? []];
        foreach (string setting in changes) ConfigSetting.Apply(root.AsObject(), setting);

        RunConfig config;
        try
        {
            ModelFamily.FillIn(root.AsObject());
            config = root.Deserialize<RunConfig>(Json)!;
        }
        catch (InvalidOperationException e) // a text is half of a surrogate pair, escaped
        {
            throw new InputException($"{source} holds a text that is not valid Unicode.", e);
        }
        catch (JsonException e)
        {
            throw new InputException(ConfigSetting.Explain(e, source), e);
        }
        try
        {
            config.Validate();
        }
        catch (InputException e) when (changes.Length == 0) // else who reads it knows best where the value is from
        {
            throw new InputException($"{source}: {e.Message}", e);
        }
        return config;
    }

    /// <summary>The configuration as indented JSON, every field written out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Refuses impossible combinations; the vocabulary's size may still be open.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate()
    {
        Rule.Holds(Model is not null && Data is not null && Optimizer is not null && Training is not null, "a section of the configuration", null,
            "model, data, optimizer and training must each be an object or be left out");
        Model!.Validate(vocabularyKnown: false);
        Data!.Validate();
        Optimizer!.Validate();
        Training!.Validate();
        Rule.Holds((long)Training.BatchSize * Model.ContextLength <= int.MaxValue, "training.batchSize", Training.BatchSize,
            $"times model.contextLength ({Model.ContextLength}) it must stay below 2^31");
        Rule.Holds(Model.BaseWidth == 0 || Optimizer.Name != "sgd", "model.baseWidth", Model.BaseWidth,
            "its table of rates is that of adamw, lion and muon, and optimizer.name is sgd");
        Rule.Holds(!Training.ShardOptimizer || Optimizer.CanShard, "training.shardOptimizer", "true",
            "Muon orthogonalises whole matrices, which it cuts up: leave it out, or take optimizer.name adamw, lion or sgd");
        long batch = (long)Training.BatchSize * Training.GradientAccumulationSteps;
        Rule.Holds(Training.BatchWarmupSteps == 0 || batch % Training.BatchWarmupFactor == 0, "training.batchWarmupFactor", Training.BatchWarmupFactor,
            $"it must divide the effective batch of {batch} sequences, for training.batchWarmupSteps is above 0");
        Rule.Holds(Training.ContextWarmupSteps == 0 || Model.ContextLength % Training.ContextWarmupFactor == 0, "training.contextWarmupFactor",
            Training.ContextWarmupFactor, $"it must divide model.contextLength ({Model.ContextLength}), for training.contextWarmupSteps is above 0");
    }
}
