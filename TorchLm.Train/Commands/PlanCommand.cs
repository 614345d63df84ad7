using System.CommandLine;
using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Presets;
using TorchLm.Train.Reporting;
using TorchSharp;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm plan</c>: what a run will cost, before it is begun.</summary>
internal static class PlanCommand
{
    /// <summary>What the model's arithmetic usually uses of the peak, where it cannot be measured.</summary>
    private const double UsualUtilization = 0.4;

    /// <summary>
    /// A step that would take longer than this is measured with fewer sequences, or not at all. What several ranks bring hangs on how long a step and its
    /// update take, for which one waits longer.
    /// </summary>
    private const double ProbeSeconds = 1.5, RanksProbeSeconds = 8;

    /// <summary>GB/s that a link between ranks is taken to carry where nothing is said: about what PCIe 4.0, or a network of 100 Gb/s, does.</summary>
    private const double UsualBandwidth = 10;

    private const double UsualLatency = 10; // microseconds

    public static Command Create()
    {
        Option<string?> preset = CommonOptions.Preset($"The preset. Default: {PresetFile.Default}.");
        var config = new Option<string?>("--config") { Description = "A configuration file, such as a run's config.json.", HelpName = "FILE" };
        Option<int?> depth = ConfigurationChoice.DepthOption();
        var data = new Option<string?>("--data") { Description = "Text or shards. Default: the configuration's.", HelpName = "DIR|FILE" };
        Option<string[]> set = CommonOptions.Set();
        Option<string> device = CommonOptions.Device();
        Option<string?> precision = CommonOptions.Precision();
        Option<int?> threads = CommonOptions.Threads();
        var ranks = new Option<int?>("--ranks") { Description = "Plan for that many processes, each with such a device.", HelpName = "N" };
        var bandwidth = new Option<double?>("--bandwidth")
        {
            Description = $"GB/s that each one's link carries in one direction. Default: {UsualBandwidth:0}.",
            HelpName = "G",
        };
        var latency = new Option<double?>("--latency")
        {
            Description = $"Microseconds that a message takes at least. Default: {UsualLatency:0}.",
            HelpName = "US",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("plan", "What a run will take: parameters, arithmetic, memory, disk, time, and whether that is wise.",
        [
            "torchlm plan",
            "torchlm plan --preset gpt2-124m --data my-text/ --device cuda",
            "torchlm plan --depth 6 --data my-text/",
            "torchlm plan --set model.layerCount=8 --json",
            "torchlm plan --preset gpt2-124m --data my-text/ --ranks 8 --bandwidth 200",
        ])
        {
            preset, config, depth, data, set, device, precision, threads, json,
        };
        command.Add("Several ranks", ranks, bandwidth, latency);
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            ConfigurationChoice choice = ConfigurationChoice.Of(parsed.GetValue(depth), parsed.GetValue(preset), parsed.GetValue(config));
            CommonOptions.UseThreads(parsed.GetValue(threads));
            List<string> settings = [.. parsed.GetValue(set)!];
            if (parsed.GetValue(precision) is { } type) settings.Add($"training.precision={type}");
            (string configuration, string source) = choice.Read(PresetFile.Default);
            RunConfig run = RunConfig.Parse(configuration, source, settings);
            if (parsed.GetValue(data) is { } path)
            {
                run = run with { Data = run.Data with { Path = path } };
                if (!settings.Any(s => s.StartsWith("model.vocabularySize", StringComparison.Ordinal))) run = run with { Model = run.Model with { VocabularySize = 0 } };
            }
            RankLink? link = LinkOf(parsed.GetValue(ranks), parsed.GetValue(bandwidth), parsed.GetValue(latency));
            if (parsed.GetValue(ranks) is { } count) RankRules.Require(run.Training, count);
            DeviceChoice place = DeviceChoice.Of(parsed.GetValue(device)!);
            PlannedData planned = PlannedData.Of(run, cancel);
            run = run with { Model = run.Model with { VocabularySize = planned.Vocabulary } };
            run.Model.Validate();
            (RunPlan plan, ProbedStep step, string speed) = Measure(run, place, planned, timesUpdate: link is not null);
            ScaleReport? scale = link is null ? null
                : new ScaleReport(plan, ScalePlan.Of(run, step, parsed.GetValue(ranks)!.Value, link), assumedBandwidth: parsed.GetValue(bandwidth) is null);
            if (parsed.GetValue(json)) Console.WriteLine(PlanReport.Json(plan, planned.IsExact, scale));
            else PlanReport.Print(plan, planned.IsExact, place, speed, scale);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>What connects the ranks; null where none are asked for.</summary>
    private static RankLink? LinkOf(int? ranks, double? bandwidth, double? latency)
    {
        if (ranks < 1) throw new InputException($"--ranks is {ranks}, but it must be at least 1.");
        if (bandwidth is { } g && !(g > 0 && double.IsFinite(g)))
        {
            throw new InputException($"--bandwidth is {g}, but it must be above 0 and finite: GB/s in one direction.");
        }
        if (latency is { } us && !(us >= 0 && double.IsFinite(us)))
        {
            throw new InputException($"--latency is {us}, but it must be at least 0 and finite: microseconds.");
        }
        if (ranks is not null) return new RankLink((bandwidth ?? UsualBandwidth) * 1e9, (latency ?? UsualLatency) / 1e6);
        string? alone = bandwidth is not null ? "--bandwidth" : latency is not null ? "--latency" : null;
        return alone is null ? null
            : throw new InputException($"{alone} is about what connects ranks, but --ranks is not given: add it, or leave {alone} out.");
    }

    /// <summary>The plan with its speed, a step that was measured or estimated, and how that was done.</summary>
    private static (RunPlan Plan, ProbedStep Step, string Speed) Measure(RunConfig run, DeviceChoice place, PlannedData data, bool timesUpdate)
    {
        bool onCpu = place.Device.type == DeviceType.CPU;
        var before = new RunPlan(run, Precision.Float32, onCpu, Free(place.Device), data.Tokens, 1);
        long least = before.Memory(1).Total;
        // A model that does not fit is not made to find out which type is faster.
        PrecisionChoice precision = least < before.FreeBytes || !onCpu ? PrecisionChoice.Of(run.Training.Precision, place.Device, run.Model, run.Training.BatchSize)
            : PrecisionChoice.Of(run.Training.Precision == "auto" ? Precision.Float32.Name() : run.Training.Precision, place.Device, run.Model, 1);
        RunPlan plan = before with { Precision = precision.Precision };
        double peak = DevicePeak.MeasureFlops(place.Device, precision.Precision), guess = UsualUtilization * peak / ModelCost.TrainingFlopsPerToken(run.Model);
        double longest = timesUpdate ? RanksProbeSeconds : ProbeSeconds;
        int most = (int)Math.Min(run.Training.BatchSize, guess * longest / run.Model.ContextLength);
        int sequences = MicroBatch.Divisors(run.Training.BatchSize).LastOrDefault(size => size <= most && plan.Memory(size).Total < plan.FreeBytes);
        if (sequences == 0)
        {
            var estimate = new ProbedStep(run.Model.ContextLength, run.Model.ContextLength / guess, 0);
            return (plan with { TokensPerSecond = guess }, estimate, $"estimated: {100 * UsualUtilization:0} % of {peak / 1e9:N0} GFLOP/s, for a step would take more than {longest:0.#} seconds");
        }
        var probe = Stopwatch.StartNew();
        ProbedStep step = StepProbe.Measure(run.Model, run.Training, run.Optimizer, sequences, place.Device, precision.Precision, timesUpdate);
        double share = step.TokensPerSecond * ModelCost.TrainingFlopsPerToken(run.Model) / peak;
        string with = sequences == run.Training.BatchSize ? "" : $" with {sequences} of {run.Training.BatchSize} sequences";
        return (plan with { TokensPerSecond = step.TokensPerSecond }, step, $"measured in {probe.Elapsed.TotalSeconds:0.0} seconds{with}, {100 * share:0} % of {peak / 1e9:N0} GFLOP/s");
    }

    private static long Free(torch.Device device) => device.type == DeviceType.CPU ? HostMemory.Available()
        : (SystemFacts.DeviceMemory(device) ?? 0) - (CudaDriver.MemoryInUse() ?? 0);
}
