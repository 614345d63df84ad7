using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>Tells whether a run that is continued is still the same run.</summary>
internal static class RunIdentity
{
    /// <summary>Settings that decide nothing, or nothing that a resumed run has not behind it; they are left out, so that runs from before them keep their hash.</summary>
    private static readonly string[] s_notDeciding = ["activationCheckpointing", "initFrom", "skipLimit", "onDivergence", "spikeThreshold", "stragglerFactor", "shardOptimizer", "onSaveFailure"];

    /// <summary>
    /// Settings that there were from the first runs on. All others are left out at their defaults, which do what was done before there was a choice, for the
    /// same reason.
    /// </summary>
    private static readonly HashSet<string> s_first =
    [
        "model.family", "model.layerCount", "model.headCount", "model.embeddingSize", "model.contextLength", "model.vocabularySize",
        "model.vocabularyMultiple", "model.dropout", "model.bias", "model.gelu",
        "optimizer.name", "optimizer.learningRate", "optimizer.minLearningRate", "optimizer.warmupSteps", "optimizer.schedule", "optimizer.weightDecay",
        "optimizer.beta1", "optimizer.beta2", "optimizer.epsilon", "optimizer.gradientClip",
        "data.path", "data.tokenizer", "data.vocabularySize", "data.validationFraction",
        "training.steps", "training.batchSize", "training.gradientAccumulationSteps", "training.evalInterval", "training.evalBatches",
        "training.saveInterval", "training.keepCheckpoints", "training.logInterval", "training.patience", "training.precision", "training.seed",
    ];

    private static readonly JsonNode s_defaults = JsonNode.Parse(new RunConfig().ToJson())!;

    /// <summary>A hash of what decides the weights: not of where data lies, or of when the run is evaluated, saved and logged.</summary>
    public static string HashOf(RunConfig config)
    {
        TrainingConfig t = config.Training;
        RunConfig deciding = new()
        {
            Model = config.Model,
            Optimizer = config.Optimizer,
            Training = new TrainingConfig
            {
                Steps = t.Steps,
                BatchSize = t.BatchSize,
                GradientAccumulationSteps = t.GradientAccumulationSteps,
                BatchWarmupSteps = t.BatchWarmupSteps,
                BatchWarmupFactor = t.BatchWarmupFactor,
                ContextWarmupSteps = t.ContextWarmupSteps,
                ContextWarmupFactor = t.ContextWarmupFactor,
                ZLoss = t.ZLoss,
                Seed = t.Seed,
                Precision = t.Precision,
            },
        };
        JsonNode json = JsonNode.Parse(deciding.ToJson())!;
        JsonObject training = json["training"]!.AsObject();
        foreach (string name in s_notDeciding) training.Remove(name);
        foreach (string name in ConfigSetting.Names.Where(name => !s_first.Contains(name)))
        {
            string[] parts = name.Split('.');
            JsonObject section = json[parts[0]]!.AsObject();
            if (section.ContainsKey(parts[1]) && JsonNode.DeepEquals(section[parts[1]], s_defaults[parts[0]]![parts[1]])) section.Remove(parts[1]);
        }
        if (t.Precision == Precision.Float32.Name()) training.Remove("precision"); // what was always done, before there was a choice
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json.ToJsonString(RunConfig.Json))));
    }
}
