using System.CommandLine;
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

    /// <summary>A step that would take longer than this is measured with fewer sequences, or not at all.</summary>
    private const double ProbeSeconds = 1.5;

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
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("plan", "What a run will take: parameters, arithmetic, memory, disk, time, and whether that is wise.",
        [
            "torchlm plan",
            "torchlm plan --preset gpt2-124m --data my-text/ --device cuda",
            "torchlm plan --depth 6 --data my-text/",
            "torchlm plan --set model.layerCount=8 --json",
        ])
        {
            preset, config, depth, data, set, device, precision, threads, json,
        };
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
            DeviceChoice place = DeviceChoice.Of(parsed.GetValue(device)!);
            PlannedData planned = PlannedData.Of(run, cancel);
            run = run with { Model = run.Model with { VocabularySize = planned.Vocabulary } };
            run.Model.Validate();
            (RunPlan plan, string speed) = Measure(run, place, planned);
            if (parsed.GetValue(json)) Console.WriteLine(PlanReport.Json(plan, planned.IsExact));
            else PlanReport.Print(plan, planned.IsExact, place, speed);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>The plan with its speed, and how that was found.</summary>
    private static (RunPlan Plan, string Speed) Measure(RunConfig run, DeviceChoice place, PlannedData data)
    {
        bool onCpu = place.Device.type == DeviceType.CPU;
        var before = new RunPlan(run, Precision.Float32, onCpu, Free(place.Device), data.Tokens, 1);
        long least = before.Memory(1).Total;
        // A model that does not fit is not made to find out which type is faster.
        PrecisionChoice precision = least < before.FreeBytes || !onCpu ? PrecisionChoice.Of(run.Training.Precision, place.Device, run.Model, run.Training.BatchSize)
            : PrecisionChoice.Of(run.Training.Precision == "auto" ? Precision.Float32.Name() : run.Training.Precision, place.Device, run.Model, 1);
        RunPlan plan = before with { Precision = precision.Precision };
        double peak = DevicePeak.MeasureFlops(place.Device, precision.Precision), guess = UsualUtilization * peak / ModelCost.TrainingFlopsPerToken(run.Model);
        int most = (int)Math.Min(run.Training.BatchSize, guess * ProbeSeconds / run.Model.ContextLength);
        int sequences = MicroBatch.Divisors(run.Training.BatchSize).LastOrDefault(size => size <= most && plan.Memory(size).Total < plan.FreeBytes);
        if (sequences == 0)
        {
            return (plan with { TokensPerSecond = guess }, $"estimated: {100 * UsualUtilization:0} % of {peak / 1e9:N0} GFLOP/s, for a step is too much for a probe of three seconds");
        }
        double speed = StepProbe.TokensPerSecond(run.Model, run.Training, run.Optimizer, sequences, place.Device, precision.Precision);
        double share = speed * ModelCost.TrainingFlopsPerToken(run.Model) / peak;
        string with = sequences == run.Training.BatchSize ? "" : $" with {sequences} of {run.Training.BatchSize} sequences";
        return (plan with { TokensPerSecond = speed }, $"measured in three seconds{with}, {100 * share:0} % of {peak / 1e9:N0} GFLOP/s");
    }

    private static long Free(torch.Device device) => device.type == DeviceType.CPU ? HostMemory.Available()
        : (SystemFacts.DeviceMemory(device) ?? 0) - (CudaDriver.MemoryInUse() ?? 0);
}
