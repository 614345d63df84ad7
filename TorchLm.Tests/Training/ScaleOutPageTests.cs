using System.Globalization;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Tests.Train;
using TorchLm.Train.Presets;

namespace TorchLm.Tests.Training;

/// <summary>The tables of docs/scale-out.md's section on planning are what the code computes.</summary>
public class ScaleOutPageTests
{
    private static readonly RunConfig s_preset = Preset();

    /// <summary>Devices that are assumed: tokens a second of both passes, seconds of an update.</summary>
    private static readonly (double Speed, double Update) s_consumer = (60_000, 0.010), s_server = (250_000, 0.005);

    [Fact]
    public void Numbers_on_the_page_are_the_codes()
    {
        string[] rows =
        [
            .. Table(s_consumer, 2, 12, 10, [(12, 1), (12, 2), (12, 4), (12, 8), (12, 40)]),
            .. Table(s_consumer, 8, 12, 10, [(12, 8), (6, 16), (3, 32), (1, 96)]),
            .. Table(s_server, 8, 200, 10, [(12, 1), (12, 8), (12, 16), (12, 40), (12, 160)]),
            .. Table(s_server, 128, 50, 10, [(12, 40), (12, 128), (12, 256), (12, 512)]),
            .. Table(s_server, 128, 50, 2, [(12, 40), (12, 128), (12, 256), (12, 512)]),
            .. Table(s_server, 128, 6.25, 10, [(12, 40), (12, 512)]),
            .. new[] { 1, 2, 8, 128 }.Select(Memory),
        ];
        string[] missing = [.. rows.Except(File.ReadLines(Path.Combine(ProgramProcess.RepositoryRoot, "docs", "scale-out.md")))];
        Assert.True(missing.Length == 0, string.Join('\n', missing));
    }

    private static IEnumerable<string> Table((double Speed, double Update) device, int ranks, double bandwidth, double latency, (int Batch, int Accumulation)[] batches)
    {
        var link = new RankLink(bandwidth * 1e9, latency / 1e6);
        long tokens = s_preset.Model.ContextLength;
        var step = new ProbedStep(tokens, (tokens / device.Speed) + device.Update, device.Update);
        foreach ((int batch, int accumulation) in batches)
        {
            TrainingConfig training = s_preset.Training with { BatchSize = batch, GradientAccumulationSteps = accumulation };
            var plan = ScalePlan.Of(s_preset with { Training = training }, step, ranks, link);
            RankStep plain = plan.Plain, sharded = plan.Sharded;
            yield return string.Create(CultureInfo.InvariantCulture, $"| {bandwidth}; {latency} | {batch} x {accumulation} = {plan.Sequences:N0} | {plan.LargestShare:N0} in {plan.Parts:N0} | " +
                $"{1000 * plan.OneRankSeconds:N0} | {1000 * plain.Compute:N1} | {1000 * plain.Exchange:N1} | {1000 * plain.Waiting:N1} | {1000 * plain.Seconds:N1} | " +
                $"{plan.TokensPerSecond(plain):N0} | {100 * plan.Efficiency(plain):0.0} % | {1000 * sharded.Seconds:N1} | {100 * plan.Efficiency(sharded):0.0} % |");
        }
    }

    private static string Memory(int ranks)
    {
        TrainingMemory memory = TrainingMemory.Of(s_preset.Model, s_preset.Training.BatchSize, Precision.BFloat16, checkpointing: false, onCpu: false, s_preset.Optimizer);
        return string.Create(CultureInfo.InvariantCulture, $"| {ranks:N0} | {memory.Moments / 1e6:N0} | {memory.Total / 1e6:N0} | " +
            $"{memory.Moments / 1e6 / ranks:N0} | {memory.TotalWithShardedMoments(ranks) / 1e6:N0} |");
    }

    private static RunConfig Preset()
    {
        RunConfig run = RunConfig.Parse(PresetFile.Read("gpt2-124m"), "gpt2-124m");
        return run with { Model = run.Model with { VocabularySize = 50257 } };
    }
}
