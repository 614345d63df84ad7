using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Train.Reporting;

/// <summary>A plan in words and as JSON.</summary>
internal static class PlanReport
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    public static void Print(RunPlan plan, bool exact, DeviceChoice device, string speed, ScaleReport? scale = null)
    {
        ModelConfig m = plan.Config.Model;
        TrainingConfig t = plan.Config.Training;
        string about = exact ? "" : "about ";
        Heading($"Model: {m.LayerCount} layers, {m.HeadCount} heads, width {m.EmbeddingSize}, context {m.ContextLength}, {m.VocabularySize:N0} ids");
        foreach ((string part, long count) in plan.ParametersByPart) Row(part, $"{count:N0}", $"{100.0 * count / plan.Parameters:0.0} %");
        Row("parameters", $"{plan.Parameters:N0}", "");
        Row("FLOPs a token, forward and backward", $"{ModelCost.TrainingFlopsPerToken(m) / 1e6:N1} M", "");

        Heading($"\nData: {plan.Config.Data.Path ?? "built-in fables"}");
        Row("tokens to train on", $"{about}{plan.DataTokens:N0}", "");
        Row("tokens in the run", $"{plan.Tokens:N0}", $"{about}{plan.Epochs:0.0} times the data");
        Row($"compute-optimal tokens, {RunPlan.OptimalTokensPerParameter} a parameter", $"{RunPlan.OptimalTokensPerParameter * plan.Parameters:N0}", "Hoffmann et al. 2022");

        OptimizerConfig o = plan.Config.Optimizer;
        string end = o.Schedule is "constant" or "inverse-sqrt" ? "" : $" to {o.MinLearningRate:0.#######}";
        Heading($"\nUpdates: {o.Name}, {o.Schedule}{end}");
        string matrices = o.Name == "muon" ? $"{o.MuonLearningRate:0.#######} for the blocks' matrices" : "";
        Row("highest learning rate", $"{o.LearningRate:0.#######}", matrices);
        Row("tokens an update", $"{plan.BatchTokens:N0}", $"{t.GradientAccumulationSteps:N0} x {t.BatchSize:N0} sequences of {m.ContextLength:N0}");

        Heading($"\nMemory in MB, {plan.Precision.Name()}{(t.ActivationCheckpointing ? ", blocks computed twice" : "")}: {plan.FreeBytes >> 20:N0} free");
        Console.WriteLine($"  {"micro-batch",11} {"weights",9} {"gradients",9} {"optimizer",9} {"activations",11} {"program",8} {"all",9}");
        foreach (int size in plan.MicroBatches)
        {
            TrainingMemory memory = plan.Memory(size);
            string note = memory.Total > plan.FreeBytes ? "  too much" : size == t.BatchSize ? "  <- this run" : "";
            Console.WriteLine($"  {size,11:N0} {Mb(memory.Weights),9} {Mb(memory.Gradients),9} {Mb(memory.Moments),9} {Mb(memory.Activations),11} {Mb(memory.Program),8} {Mb(memory.Total),9}{note}");
        }

        Heading("\nDisk");
        Row("a checkpoint", $"{Mb(plan.CheckpointBytes)} MB", "");
        Row("at most at a time", $"{Mb(plan.DiskBytes)} MB", $"{t.KeepCheckpoints} kept, the best, and one being written");

        Heading($"\nTime on {device.Device}");
        Row("speed", $"{plan.TokensPerSecond:N0} tokens/s", speed);
        Row($"{t.Steps:N0} steps of {plan.BatchTokens:N0} tokens", TimeText.Of(plan.StepSeconds), "");
        Row("evaluations", plan.EvaluationSeconds is { } seconds ? TimeText.Of(seconds) : "the whole split each", "");
        scale?.Print();
        string[] warnings = [.. plan.Warnings()];
        if (warnings.Length > 0) Heading("\nBefore you begin");
        foreach (string warning in warnings) Console.WriteLine($"  {warning}");
    }

    public static string Json(RunPlan plan, bool exact, ScaleReport? scale = null)
    {
        var document = new JsonObject
        {
            ["parameters"] = plan.Parameters,
            ["parameters_by_part"] = new JsonObject(plan.ParametersByPart.Select(p => KeyValuePair.Create(p.Part, (JsonNode?)p.Count))),
            ["flops_per_token"] = ModelCost.TrainingFlopsPerToken(plan.Config.Model),
            ["data_tokens"] = plan.DataTokens,
            ["data_tokens_are_exact"] = exact,
            ["tokens"] = plan.Tokens,
            ["epochs"] = plan.Epochs,
            ["compute_optimal_tokens"] = RunPlan.OptimalTokensPerParameter * plan.Parameters,
            ["precision"] = plan.Precision.Name(),
            ["free_bytes"] = plan.FreeBytes,
            ["memory"] = new JsonArray([.. plan.MicroBatches.Select(size =>
            {
                TrainingMemory memory = plan.Memory(size);
                return new JsonObject
                {
                    ["micro_batch"] = size,
                    ["weights"] = memory.Weights,
                    ["gradients"] = memory.Gradients,
                    ["optimizer"] = memory.Moments,
                    ["activations"] = memory.Activations,
                    ["program"] = memory.Program,
                    ["total"] = memory.Total,
                };
            })]),
            ["checkpoint_bytes"] = plan.CheckpointBytes,
            ["disk_bytes"] = plan.DiskBytes,
            ["tokens_per_second"] = plan.TokensPerSecond,
            ["step_seconds"] = plan.StepSeconds,
            ["evaluation_seconds"] = plan.EvaluationSeconds,
            ["warnings"] = new JsonArray([.. plan.Warnings().Select(w => JsonValue.Create(w))]),
        };
        if (scale is not null) document["scale"] = scale.Json();
        return document.ToJsonString(s_json);
    }

    private static void Heading(string text) => Console.WriteLine(text);

    private static void Row(string name, string value, string note) => Console.WriteLine($"  {name,-44} {value,16}  {note}".TrimEnd());

    private static string Mb(long bytes) => $"{bytes / (double)(1 << 20):N0}";
}
