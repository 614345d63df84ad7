using System.Text.Json.Nodes;
using TorchLm.Core.Training;

namespace TorchLm.Train.Reporting;

/// <summary>What several ranks would bring, in words and as JSON.</summary>
/// <param name="plan">The run on one device.</param>
/// <param name="scale">Its step on several.</param>
/// <param name="assumedBandwidth">Whether nobody has said what a link carries.</param>
internal sealed class ScaleReport(RunPlan plan, ScalePlan scale, bool assumedBandwidth)
{
    private TrainingMemory Memory => plan.Memory(scale.PartSequences);

    public void Print()
    {
        int ranks = scale.Ranks;
        string gigabytes = $"{scale.Link.BytesPerSecond / 1e9:0.###} GB/s{(assumedBandwidth ? " (assumed: --bandwidth)" : "")}";
        string link = $"{gigabytes} each way and {scale.Link.LatencySeconds * 1e6:0.###} microseconds a message from one to the next";
        Console.WriteLine(ranks == 1 ? "\nOn 1 rank: nothing to exchange" : $"\nOn {ranks:N0} ranks, each with such a device: {link}");
        IReadOnlyList<long> buckets = scale.BucketBytes;
        string pieces = buckets.Count == 1 ? "in one bucket, whose sum nothing hides"
            : $"in {buckets.Count:N0} buckets; nothing hides the last one's sum, {Megabytes(buckets[^1])}";
        if (ranks > 1) Console.WriteLine($"  gradients: {Megabytes(scale.GradientBytes)} (10^6 bytes) {pieces}");
        string parts = scale.Parts == 1 ? "at once" : $"in {scale.Parts:N0} parts, of which the last one's backward pass hides sums";
        double above = ((double)scale.LargestShare * ranks / scale.Sequences) - 1;
        string uneven = above > 0 ? $" at the most, {100 * above:0.#} % above an equal share" : "", counted = scale.UpdateSeconds > 0 ? "" : ", its update not counted";
        Console.WriteLine($"  each computes {scale.LargestShare:N0} of {scale.Sequences:N0} sequences a step{uneven}, {parts}; " +
            $"one rank alone takes {Milliseconds(scale.OneRankSeconds)} ms{counted}");
        string times = $"of {ranks:N0} times";
        Console.WriteLine($"  {"optimizer state",-22} {"ms a step",9} {"computing",9} {"update",8} {"waiting",8} {"hidden",7} " +
            $"{"tokens/s",11} {times,13} {"all steps",12} {"MB a rank",10}");
        Row("whole on each rank", scale.Plain, Memory.Total);
        if (ranks == 1 || !plan.Config.Optimizer.CanShard) return;
        Row("sharded (*)", scale.Sharded, Memory.TotalWithShardedMoments(ranks));
        Console.WriteLine("  (*) training.shardOptimizer=true: each rank keeps and updates its part, then gets the others' weights");
    }

    public JsonObject Json() => new()
    {
        ["ranks"] = scale.Ranks,
        ["bandwidth_bytes_per_second"] = scale.Link.BytesPerSecond,
        ["bandwidth_is_assumed"] = assumedBandwidth,
        ["latency_seconds"] = scale.Link.LatencySeconds,
        ["gradient_bytes"] = scale.GradientBytes,
        ["buckets"] = scale.BucketBytes.Count,
        ["last_bucket_bytes"] = scale.BucketBytes[^1],
        ["sequences"] = scale.Sequences,
        ["largest_share"] = scale.LargestShare,
        ["parts"] = scale.Parts,
        ["one_rank_step_seconds"] = scale.OneRankSeconds,
        ["update_is_counted"] = scale.UpdateSeconds > 0,
        ["plain"] = Json(scale.Plain, Memory.Total),
        ["sharded_optimizer"] = !plan.Config.Optimizer.CanShard ? null : Json(scale.Sharded, Memory.TotalWithShardedMoments(scale.Ranks)),
    };

    private JsonObject Json(RankStep step, long memory) => new()
    {
        ["step_seconds"] = step.Seconds,
        ["compute_seconds"] = step.Compute,
        ["update_seconds"] = step.Update,
        ["waiting_seconds"] = step.Waiting,
        ["exchange_seconds"] = step.Exchange,
        ["hidden_share"] = step.HiddenShare,
        ["tokens_per_second"] = scale.TokensPerSecond(step),
        ["efficiency"] = scale.Efficiency(step),
        ["run_seconds"] = RunSeconds(step),
        ["memory_bytes"] = memory,
    };

    private void Row(string state, RankStep step, long memory)
    {
        string hidden = step.Exchange > 0 ? $"{100 * step.HiddenShare:0} %" : "-";
        string note = memory > plan.FreeBytes ? "  too much" : "";
        Console.WriteLine($"  {state,-22} {Milliseconds(step.Seconds),9} {Milliseconds(step.Compute),9} {Milliseconds(step.Update),8} " +
            $"{Milliseconds(step.Waiting),8} {hidden,7} {scale.TokensPerSecond(step),11:N0} {100 * scale.Efficiency(step),11:0} % {TimeText.Of(RunSeconds(step)),12} {memory / (double)(1 << 20),10:N0}{note}");
    }

    private double RunSeconds(RankStep step) => plan.Tokens / scale.TokensPerSecond(step);

    private static string Megabytes(long bytes) => bytes < 10_000_000 ? $"{bytes / 1e6:0.0} MB" : $"{bytes / 1e6:N0} MB";

    private static string Milliseconds(double seconds) => seconds < 0.1 ? $"{1000 * seconds:0.0}" : $"{1000 * seconds:N0}";
}
