using System.CommandLine;
using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Presets;
using TorchLm.Train.Reporting;
using TorchLm.Train.Sweeps;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm sweep</c>: which settings train best, by trying them.</summary>
internal static class SweepCommand
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "The sweep's folder, with a run's folder for each trial.", HelpName = "DIR", Required = true,
        };
        Option<string?> preset = CommonOptions.Preset($"The preset to change. Default: {PresetFile.Default}.");
        var config = new Option<string?>("--config") { Description = "A configuration file to change.", HelpName = "FILE" };
        Option<int?> depth = ConfigurationChoice.DepthOption();
        var data = new Option<string?>("--data") { Description = "Text or shards. Default: the configuration's.", HelpName = "DIR|FILE" };
        Option<string[]> set = CommonOptions.Set();
        var tried = new Option<string[]>("--try")
        {
            Description = "Values of a setting, or with --random a range as 1e-4..1e-2; several times for combinations.", HelpName = "key=A,B,..",
        };
        tried.CompletionSources.Add(context => CommonOptions.Settings(context.WordToComplete));
        var random = new Option<int?>("--random") { Description = "Draw N candidates. Default: all combinations.", HelpName = "N" };
        var sweepSeed = new Option<int>("--sweep-seed") { Description = "Decides what is drawn.", HelpName = "N", DefaultValueFactory = _ => 1337 };
        var seeds = new Option<int>("--seeds")
        {
            Description = "Runs of each candidate, with training.seed, +1, +2 ...", HelpName = "N", DefaultValueFactory = _ => 1,
        };
        var halving = new Option<bool>("--halving")
        {
            Description = "Give the worse half up at 1/2, 1/4 ... of the steps (Jamieson, Talwalkar 2016).",
        };
        var devices = new Option<string>("--devices")
        {
            Description = "One trial at a time on each: cpu, or cuda:0,cuda:1. With a CPU training.precision=auto is fp32.", HelpName = "LIST",
            DefaultValueFactory = _ => "auto",
        };
        devices.CompletionSources.Add([.. DeviceChoice.Names]);
        Option<int?> threads = CommonOptions.Threads();
        var maxTime = new Option<string?>("--max-time") { Description = "Longest time of each trial: 90s, 10m, 1h30m.", HelpName = "DURATION" };
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("sweep", "Find settings that train well; the same command again goes on where it was.",
        [
            "torchlm sweep --out lr --try optimizer.learningRate=3e-4,1e-3,3e-3 --seeds 3",
            "torchlm sweep --out rs --random 16 --halving --try model.dropout=0..0.3",
            "torchlm sweep --out lr",
        ])
        {
            { "What to try", tried, random, sweepSeed, seeds, halving },
            { "What all trials share", preset, config, depth, set, data },
            { "Where and how", output, devices, threads, maxTime, json },
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string folder = Path.GetFullPath(parsed.GetRequiredValue(output)), planPath = Path.Combine(folder, SweepPlan.FileName);
            if (parsed.GetValue(seeds) < 1) throw new InputException($"--seeds is {parsed.GetValue(seeds)}, but it must be at least 1.");
            if (parsed.GetValue(random) < 1) throw new InputException($"--random is {parsed.GetValue(random)}, but it must be at least 1.");
            ConfigurationChoice choice = ConfigurationChoice.Of(parsed.GetValue(depth), parsed.GetValue(preset), parsed.GetValue(config));
            string[] names = Devices(parsed.GetValue(devices)!);
            List<string> options = [];
            if (parsed.GetValue(threads) is { } count) options.AddRange(["--threads", $"{count}"]);
            if (parsed.GetValue(maxTime) is { } time)
            {
                Duration.Parse(time, "--max-time");
                options.AddRange(["--max-time", time]);
            }

            bool exists = File.Exists(planPath), describes = parsed.GetValue(tried) is { Length: > 0 };
            SweepPlan plan = exists && !describes ? SweepPlan.Read(planPath) : new SweepPlan
            {
                Try = describes ? parsed.GetValue(tried)!
                    : throw new InputException("Say what to try, for example --try optimizer.learningRate=1e-3,3e-3."),
                Config = JsonSerializer.SerializeToElement(Configure(choice, parsed.GetValue(set)!, parsed.GetValue(data)), s_config),
                Random = parsed.GetValue(random),
                SweepSeed = parsed.GetValue(sweepSeed),
                Seeds = parsed.GetValue(seeds),
                Halving = parsed.GetValue(halving),
                MinRateFollows = !parsed.GetValue(set)!.Concat(parsed.GetValue(tried)!)
                    .Any(setting => setting.StartsWith("optimizer.minLearningRate", StringComparison.Ordinal)),
            };
            foreach (SweepCandidate candidate in plan.Candidates()) plan.Settings(candidate); // all of them are possible
            if (exists && SweepPlan.Read(planPath).Difference(plan) is { } other)
            {
                throw new InputException($"'{folder}' holds another sweep, begun without {other}: go on with that one by torchlm sweep --out " +
                    $"{Hint.Path(folder)}, or name another folder.");
            }
            if (!exists && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(e => Path.GetFileName(e) != RunLock.FileName))
            {
                throw new InputException($"--out is '{folder}', but that folder holds other files; name a new or an empty one.");
            }
            return Run(plan, folder, names, options, parsed.GetValue(json), cancel);
        }, needsLibtorch: false));
        return command;
    }

    private static readonly JsonSerializerOptions s_config = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static int Run(SweepPlan plan, string folder, string[] devices, List<string> options, bool json, CancellationToken cancel)
    {
        using RunLock hold = RunLock.Take(new RunFolder(folder));
        DurableFile.WriteText(Path.Combine(folder, SweepPlan.FileName), plan.ToJson());
        IReadOnlyList<CandidateResult> results;
        var records = new TrialRecords(folder);
        try
        {
            RunConfig shared = WithOnePrecision(WithPreparedData(plan.BaseConfig(), folder, cancel), devices);
            DurableFile.WriteText(Path.Combine(folder, TrialProcess.ConfigName), shared.ToJson() + "\n");
            int candidates = plan.Candidates().Count;
            Console.Error.WriteLine($"{DatasetReport.Count(candidates, "candidate")}, {DatasetReport.Count(plan.Seeds, "seed")} " +
                $"each, {plan.BaseConfig().Training.Steps:N0} steps, in {Hint.Path(folder)}");
            var runner = new SweepRunner(plan, devices, new TrialProcess(plan, folder, options), records,
                trial => TrialProgress.Of(new RunFolder(Path.Combine(folder, trial.Name))), line => Console.Error.WriteLine(Program.OneLine(line)));
            results = runner.Run(cancel);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"Interrupted; what was begun is saved. Go on with: torchlm sweep --out {Hint.Path(folder)}");
            return ExitCode.Interrupted;
        }
        var report = new SweepReport(plan, folder, results, records);
        report.WriteFiles();
        if (json) Console.WriteLine(report.ToJson().ToJsonString(s_json));
        else Console.Write(report.Table());
        if (results.Any(r => r.Mean is not null)) return ExitCode.Done;
        Console.Error.WriteLine(Program.OneLine($"torchlm: every trial failed, for example: {results[0].Failures[0]}"));
        return ExitCode.Failed;
    }

    /// <summary>The configuration with text made into shards once, which all trials read.</summary>
    private static RunConfig WithPreparedData(RunConfig config, string folder, CancellationToken cancel)
    {
        TokenDataset dataset;
        using (var progress = new BuildProgressLine()) dataset = RunData.Open(config, Path.Combine(folder, "data"), Console.Error.WriteLine,
            progress, cancel);
        return config with { Data = config.Data with { Path = Path.GetFullPath(dataset.Folder) } };
    }

    /// <summary>
    /// On a CPU, auto is found by a trial of a second, which may come out one way for one run and the other way for the next: they could not be
    /// compared.
    /// </summary>
    private static RunConfig WithOnePrecision(RunConfig config, string[] devices)
    {
        bool usesCpu = devices.Any(device => device == "cpu" || (device == "auto" && CudaDriver.List(out _).Count == 0));
        return usesCpu && config.Training.Precision == "auto" ? config with { Training = config.Training with { Precision = "fp32" } } : config;
    }

    private static RunConfig Configure(ConfigurationChoice choice, IReadOnlyList<string> settings, string? data)
    {
        (string configuration, string source) = choice.Read(PresetFile.Default);
        RunConfig run = RunConfig.Parse(configuration, source, settings);
        if (run.Training.InitFrom is not null || choice.Preset == InitialModel.Preset)
        {
            throw new InputException("The trials of a sweep begin with random weights: leave training.initFrom and the preset finetune out.");
        }
        bool ownVocabulary = data is not null && !settings.Any(s => s.StartsWith("model.vocabularySize", StringComparison.Ordinal));
        if (ownVocabulary) run = run with { Model = run.Model with { VocabularySize = 0 } };
        return run with { Data = TrainCommand.WithFullPaths(run.Data with { Path = data ?? run.Data.Path }) };
    }

    private static string[] Devices(string list)
    {
        string[] names = list.Split(',', StringSplitOptions.TrimEntries);
        foreach (string name in names)
        {
            bool isKnown = DeviceChoice.Names.Contains(name) || (name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name["cuda:".Length..], out int number) && number >= 0);
            if (!isKnown) throw new InputException($"--devices names '{name}', but devices are auto, cpu, cuda and cuda:N, with commas " +
                $"between.{Nearest.Question(name, DeviceChoice.Names)}");
        }
        return names;
    }
}
