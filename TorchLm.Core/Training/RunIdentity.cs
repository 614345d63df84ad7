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
    private static readonly string[] s_notDeciding = ["activationCheckpointing", "initFrom", "skipLimit", "onDivergence", "spikeThreshold", "onSaveFailure"];

    /// <summary>
    /// Settings that came after the first runs: at their defaults, which do what was done before there was a choice, they are left out for the same reason.
    /// </summary>
    private static readonly string[] s_later =
    [
        "optimizer.decayFraction", "optimizer.cautious", "optimizer.momentum", "optimizer.muonLearningRate", "optimizer.muonMomentum",
        "optimizer.muonMomentumWarmupSteps", "optimizer.newtonSchulzSteps", "optimizer.averageDecay", "optimizer.embeddingRateFactor",
        "optimizer.headRateFactor", "optimizer.vectorRateFactor", "training.batchWarmupSteps", "training.batchWarmupFactor",
        "training.contextWarmupSteps", "training.contextWarmupFactor",
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
                Seed = t.Seed,
                Precision = t.Precision,
            },
        };
        JsonNode json = JsonNode.Parse(deciding.ToJson())!;
        JsonObject training = json["training"]!.AsObject();
        foreach (string name in s_notDeciding) training.Remove(name);
        foreach (string[] name in s_later.Select(name => name.Split('.')))
        {
            JsonObject section = json[name[0]]!.AsObject();
            if (JsonNode.DeepEquals(section[name[1]], s_defaults[name[0]]![name[1]])) section.Remove(name[1]);
        }
        if (t.Precision == Precision.Float32.Name()) training.Remove("precision"); // what was always done, before there was a choice
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json.ToJsonString(RunConfig.Json))));
    }
}
