using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Presets;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm train</c>: the command line of a training run; <see cref="TrainingSession"/> does it.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        Option<string?> preset = CommonOptions.Preset($"{string.Join(", ", PresetFile.Names)}. Default: {PresetFile.Default}.");
        var config = new Option<string?>("--config")
        {
            Description = "A configuration file, such as a run's config.json.",
            HelpName = "FILE",
        };
        Option<int?> depth = ConfigurationChoice.DepthOption();
        var data = new Option<string?>("--data")
        {
            Description = "Text or shards. Default: the configuration's.",
            HelpName = "DIR|FILE",
        };
        var output = new Option<string?>("--out")
        {
            Description = "The run's folder. Default: checkpoints/ and a name.",
            HelpName = "DIR",
        };
        Option<string[]> set = CommonOptions.Set();
        Option<string> device = CommonOptions.Device();
        Option<string?> precision = CommonOptions.Precision();
        Option<int?> threads = CommonOptions.Threads();
        var seed = new Option<long?>("--seed")
        {
            Description = "Seed of weights, dropout and data order; the same run another day takes --precision too. Default: the configuration's.",
            HelpName = "N",
        };
        Option<string?> microBatch = MicroBatchOption.Create();
        var maxSteps = new Option<long?>("--max-steps")
        {
            Description = "Save and stop after this step; the schedule stays.",
            HelpName = "N",
        };
        var maxTime = new Option<string?>("--max-time")
        {
            Description = "Save and stop within this time: 90s, 10m, 1h30m.",
            HelpName = "DURATION",
        };
        var keep = new Option<int?>("--keep")
        {
            Description = $"Checkpoints that stay beside the best one. Default: the configuration's, else {new TrainingConfig().KeepCheckpoints}.",
            HelpName = "N",
        };
        var resume = new Option<string?>("--resume")
        {
            Description = "Continue the run in DIR, else in --out, else the newest of the default name.",
            HelpName = "DIR",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var initFrom = new Option<string?>("--init-from")
        {
            Description = $"Train the model in DIR further on other data, with its shape and tokenizer. Default preset then: {InitialModel.Preset}.",
            HelpName = "DIR",
        };
        var trial = new Option<bool>("--trial") { Description = "Of a sweep: end without a sample and without measuring the whole validation split.", Hidden = true };
        var tensorBoard = new Option<string?>("--tensorboard")
        {
            Description = "Write event files for TensorBoard; histograms of weights and gradients where asked for.",
            HelpName = string.Join('|', TensorBoardOption.Words),
            Arity = ArgumentArity.ZeroOrOne,
        };
        tensorBoard.AcceptOnlyFromAmong(TensorBoardOption.Words);
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the run that is in --out." };

        var command = new DocumentedCommand("train", "Train a model; without options, a small one in two minutes.",
        [
            "torchlm train --data my-text.txt --out my-run",
            "torchlm train --preset shakespeare-char --set training.steps=1000",
            "torchlm train --depth 4 --data my-text.txt",
            "torchlm train --resume my-run",
        ])
        {
            { "What to train", preset, config, depth, set, data, initFrom, seed },
            { "Where it goes on, and how far", output, resume, overwrite, maxSteps, maxTime, keep, tensorBoard },
            { "How to compute", device, precision, threads, microBatch, trial },
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            ProcessLaunch? launch = CollectiveEnvironment.OfThisProcess();
            CommonOptions.UseThreads(parsed.GetValue(threads), launch?.LocalSize ?? 1);
            using Job job = Job.Open(launch, parsed.GetValue(device)!);
            return job.Run(() => job.IsFirst ? Lead(parsed, job, cancel) : TrainingSession.Follow(job, cancel));
        }));
        return command;

        int Lead(ParseResult parsed, Job job, CancellationToken cancel)
        {
            bool resumes = parsed.GetResult(resume) is not null;
            ConfigurationChoice choice = ConfigurationChoice.Of(parsed.GetValue(depth), parsed.GetValue(preset), parsed.GetValue(config));
            if (parsed.GetValue(maxSteps) is < 1) throw new InputException($"--max-steps is {parsed.GetValue(maxSteps)}, but it must be at least 1.");
            if (parsed.GetValue(keep) is < 1) throw new InputException($"--keep is {parsed.GetValue(keep)}, but it must be at least 1.");
            List<string> settings = [.. parsed.GetValue(set)!];
            if (parsed.GetValue(seed) is { } number) settings.Add($"training.seed={number}");
            if (parsed.GetValue(precision) is { } type) settings.Add($"training.precision={type}");
            if (parsed.GetValue(keep) is { } checkpoints) settings.Add($"training.keepCheckpoints={checkpoints}");
            var limits = new RunLimits(parsed.GetValue(maxSteps), parsed.GetValue(maxTime) is { } time ? Duration.Parse(time, "--max-time") : null, parsed.GetValue(trial),
                TensorBoardOption.Of(parsed.GetResult(tensorBoard) is not null, parsed.GetValue(tensorBoard)));
            MicroBatchOption? micro = MicroBatchOption.Parse(parsed.GetValue(microBatch));
            string name = choice.RunName(parsed.GetValue(data));
            if (resumes)
            {
                if (parsed.GetValue(initFrom) is not null) throw new InputException("--resume continues a run and --init-from begins one: choose one.");
                if (choice.File is not null || choice.Depth is not null)
                {
                    string option = choice.File is null ? "--depth" : "--config";
                    throw new InputException($"--resume takes the run's own configuration: leave {option} out, and change settings with --set.");
                }
                if (parsed.GetValue(data) is not null) throw new InputException("--resume takes the run's own data: leave --data out.");
                if (parsed.GetValue(overwrite)) throw new InputException("--resume continues a run and --overwrite replaces one: choose one.");
                if (parsed.GetValue(resume) is not null && (parsed.GetValue(output) ?? choice.Preset) is not null)
                {
                    throw new InputException("--resume DIR names the run: leave --out and --preset out.");
                }
                string folder = parsed.GetValue(resume) ?? parsed.GetValue(output) ?? RunFolders.Newest(name);
                return TrainingSession.Resume(folder, settings, job, limits, micro, cancel);
            }

            string? initial = parsed.GetValue(initFrom);
            if (initial is not null && choice.Depth is not null)
            {
                throw new InputException("--init-from keeps its model's shape and --depth chooses one: leave one of them out.");
            }
            (string json, string source) = choice.Read(initial is null ? PresetFile.Default : InitialModel.Preset);
            RunConfig run = initial is null ? RunConfig.Parse(json, source, settings) : InitialModel.Configure(json, source, settings, initial);
            if (choice.Preset == InitialModel.Preset && run.Training.InitFrom is null)
            {
                throw new InputException($"The preset {InitialModel.Preset} trains a model further: name it with --init-from DIR.");
            }
            run = micro?.WithNumber(run) ?? run;
            if (parsed.GetValue(data) is { } path)
            {
                run = run with { Data = run.Data with { Path = path } };
                // Other text has other characters and words: its vocabulary is its own.
                bool ownVocabulary = run.Training.InitFrom is null && !settings.Any(s => s.StartsWith("model.vocabularySize", StringComparison.Ordinal));
                if (ownVocabulary) run = run with { Model = run.Model with { VocabularySize = 0 } };
            }
            run = run with { Data = WithFullPaths(run.Data) };
            bool replaces = parsed.GetValue(overwrite);
            if (replaces && parsed.GetValue(output) is null) throw new InputException("--overwrite replaces the run that --out names: add --out DIR.");
            using RunFolders.Claimed claimed = parsed.GetValue(output) is { } named ? RunFolders.Claim(named, replaces) : RunFolders.Unused(name);
            return TrainingSession.Start(run, claimed, job, limits, micro, cancel);
        }
    }

    /// <summary>Paths that stay right when the run is continued from another folder.</summary>
    public static DataConfig WithFullPaths(DataConfig data) => data with
    {
        Path = data.Path is null or DataConfig.TinyShakespeare or DataConfig.Required ? data.Path : Path.GetFullPath(data.Path),
        Tokenizer = File.Exists(data.Tokenizer) || Directory.Exists(data.Tokenizer) ? Path.GetFullPath(data.Tokenizer) : data.Tokenizer,
    };
}
