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

    /// <summary>A hash of what decides the weights: not of where data lies, or of when the run is evaluated, saved and logged.</summary>
    public static string HashOf(RunConfig config)
    {
        TrainingConfig t = config.Training;
        RunConfig deciding = new()
        {
            Model = config.Model,
            Optimizer = config.Optimizer,
            Training = new TrainingConfig { Steps = t.Steps, BatchSize = t.BatchSize, GradientAccumulationSteps = t.GradientAccumulationSteps, Seed = t.Seed, Precision = t.Precision },
        };
        JsonNode json = JsonNode.Parse(deciding.ToJson())!;
        JsonObject training = json["training"]!.AsObject();
        foreach (string name in s_notDeciding) training.Remove(name);
        if (t.Precision == Precision.Float32.Name()) training.Remove("precision"); // what was always done, before there was a choice
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json.ToJsonString(RunConfig.Json))));
    }
}
