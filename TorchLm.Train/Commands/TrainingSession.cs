using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchLm.Reports.TensorBoard;
using TorchLm.Tokenizers;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary>How far a call of <c>torchlm train</c> goes, apart from the run's own end.</summary>
/// <param name="MaxSteps">The run's step after which to stop; null is no limit.</param>
/// <param name="MaxTime">Time for the process, the last save included; null is no limit.</param>
/// <param name="IsTrial">Whether only the run itself counts, and no text and no measurement of the whole validation split at its end.</param>
/// <param name="TensorBoard">What event files are written; null writes none.</param>
internal sealed record RunLimits(long? MaxSteps, TimeSpan? MaxTime, bool IsTrial = false, TensorBoardOption? TensorBoard = null);

/// <summary>One call of <c>torchlm train</c>: data, model and trainer put together, and what is said about them.</summary>
internal static class TrainingSession
{
    /// <summary>A whole validation split that would take longer than this at the end of a run is left to <c>torchlm eval</c>.</summary>
    private static readonly TimeSpan s_wholeSplitLimit = TimeSpan.FromMinutes(1);

    private const int SampleTokens = 500;

    /// <summary>Begins a run in a folder that is held for it.</summary>
    public static int Start(RunConfig config, RunFolders.Claimed folder, Job job, RunLimits limits, MicroBatchOption? microBatch,
        CancellationToken cancel)
    {
        DeviceChoice device = job.Device;
        SavedModel? initial = InitialModel.Find(config);
        if (initial is not null) config = config with { Data = config.Data with { Tokenizer = initial.Run.TokenizerPath } };
        TokenDataset dataset = OpenData(config, folder.Run, cancel);
        if (initial is not null) ModelFolder.RequireSameTokenizer(initial, dataset);
        ITokenizer? tokenizer = RunData.Tokenizer(dataset);
        config = Resolve(config, dataset, tokenizer);
        PrecisionChoice precision = ChoosePrecision(ref config, device);
        config = microBatch?.WithTrial(config, device, precision.Precision, cancel) ?? config;
        return Train(folder.Run, config, dataset, tokenizer, job, precision, limits, (model, _) =>
        {
            if (initial is not null) Checkpoint.LoadInitialWeights(initial.CheckpointPath, model);
            tokenizer?.Save(folder.Run.TokenizerPath);
            DurableFile.WriteText(folder.Run.ConfigPath, config.ToJson() + "\n"); // from here on the folder holds a run
            folder.Begin();
        }, cancel);
    }

    /// <summary>Continues a run from its latest checkpoint.</summary>
    public static int Resume(string path, IReadOnlyList<string> settings, Job job, RunLimits limits, MicroBatchOption? microBatch, CancellationToken cancel)
    {
        DeviceChoice device = job.Device;
        var run = new RunFolder(path);
        RunConfig before = run.ReadConfig(), config = run.ReadConfig(settings);
        RefuseOtherRun(before, config);
        config = microBatch?.WithNumber(config) ?? config;
        using RunLock hold = RunLock.Take(run);
        long step = ResumePoint.Find(run, sentence => Console.Error.WriteLine(Program.OneLine(sentence)))
            ?? throw new InputException($"The run in '{path}' has no checkpoint to continue from; start it anew with --overwrite.");
        if (!Checkpoint.CanResume(run.StepPath(step)))
        {
            throw new InputException($"'{path}' holds an imported model and no run that could go on: train it further with --init-from {Hint.Path(path)}.");
        }
        long end = Math.Min(config.Training.Steps, limits.MaxSteps ?? long.MaxValue);
        if (step >= end && !(step == end && Checkpoint.ReadState(run.StepPath(step)).EvaluationDue))
        {
            throw new InputException($"The run in '{path}' has made step {step:N0} of {end:N0} already; to go on, ask for more: " +
                (end == limits.MaxSteps ? "a higher --max-steps." : "--set training.steps=N."));
        }
        TokenDataset dataset = OpenData(config, run, cancel);
        if (Checkpoint.ReadState(run.StepPath(step)).DataHash is { } data && data != dataset.Identity)
        {
            throw new InputException($"The data in '{dataset.Folder}' is no longer what the run began with: its shards are other ones. Put the old ones back, or begin " +
                $"a run on the new ones with --init-from {Hint.Path(path)}.");
        }
        if (Path.GetFullPath(dataset.Folder) == run.DataPath) dataset.VerifyChecksums(); // the run's own, which are not large
        ITokenizer? tokenizer = File.Exists(run.TokenizerPath) ? TokenizerFile.Load(run.TokenizerPath) : null;
        if (tokenizer is not null && dataset.TokenizerFile is { } theirs && File.ReadAllText(theirs) != File.ReadAllText(run.TokenizerPath))
        {
            throw new InputException($"The data in '{dataset.Folder}' is no longer what the run began with: its tokenizer is another one than the run's.");
        }
        // A run records what it computes in; one that does not was begun before there was a choice.
        bool undecided = config.Training.Precision == "auto" && !settings.Any(s => s.StartsWith("training.precision", StringComparison.Ordinal));
        if (undecided) config = config with { Training = config.Training with { Precision = Precision.Float32.Name() } };
        PrecisionChoice precision = ChoosePrecision(ref config, device);
        config = microBatch?.WithTrial(config, device, precision.Precision, cancel) ?? config;
        return Train(run, config, dataset, tokenizer, job, precision, limits, (_, trainer) =>
        {
            bool same = trainer.Resume(run.StepPath(step), newOptimizer: before.Optimizer != config.Optimizer);
            if (hold.StaleOwner is { } ended) Console.Error.WriteLine($"Process {ended.Pid}, which was training here (since {ended.Since}), ended without finishing.");
            Console.Error.WriteLine($"Continuing at step {step:N0}" + (same ? "." : ", with changed settings: from here on it is another run."));
            if (settings.Count > 0 || undecided || microBatch is not null) DurableFile.WriteText(run.ConfigPath, config.ToJson() + "\n");
        }, cancel);
    }

    /// <summary>What a checkpoint cannot be continued with: another model, other data.</summary>
    private static void RefuseOtherRun(RunConfig before, RunConfig after)
    {
        if (before.Model with { Dropout = 0 } != after.Model with { Dropout = 0 })
        {
            throw new InputException("A resumed run keeps its model: of the settings model.*, only model.dropout can be changed.");
        }
        if (before.Data != after.Data) throw new InputException("A resumed run keeps its data: the settings data.* cannot be changed.");
    }

    /// <summary>
    /// Trains in a process that is not rank 0, which decides everything: this one has no console, no folder, and nothing to say but what goes wrong here.
    /// </summary>
    public static int Follow(Job job, CancellationToken cancel)
    {
        if (job.Await() is not { } plan) return ExitCode.Done; // rank 0 has said why, and its exit code is the job's
        RunConfig config = RunConfig.Parse(plan.Config, "rank 0's configuration");
        using var parts = new TrainingParts(config, TokenDataset.Open(plan.DataFolder), job.Device, PrecisionNames.Parse(config.Training.Precision));
        using var trainer = new Trainer(parts.Model, config, new RunFolder(plan.RunFolder), parts.Batches, parts.Validation,
            faults: InjectedFaults.Parse(Environment.GetEnvironmentVariable(InjectedFaults.Variable)), ranks: job.Ranks)
        {
            DataHash = parts.Dataset.Identity,
            Observers = [new FollowerReport(job)], AsksEachStep = plan.IsTimed,
        };
        trainer.Run(plan.MaxSteps, time: null, cancel);
        return ExitCode.Done; // a launcher takes another code as a failure, and ends the others
    }

    private static int Train(RunFolder run, RunConfig config, TokenDataset dataset, ITokenizer? tokenizer, Job job,
        PrecisionChoice precision, RunLimits limits, Action<Gpt, Trainer> begin, CancellationToken cancel)
    {
        TrainingConfig training = config.Training;
        ModelConfig shape = config.Model;
        DeviceChoice device = job.Device;
        string? faultList = Environment.GetEnvironmentVariable(InjectedFaults.Variable);
        var faults = InjectedFaults.Parse(faultList);
        if (faults.Any) Console.Error.WriteLine(Program.OneLine($"Faults are injected on purpose ({InjectedFaults.Variable}={faultList})."));

        if (training.ShardOptimizer && job.Ranks.WorldSize > 1 && limits.TensorBoard is { Histograms: true })
        {
            throw new InputException("--tensorboard histograms shows whole gradients, which no process has with training.shardOptimizer=true: leave one of them out.");
        }
        RankRules.Require(training, job.Ranks.WorldSize);
        using var parts = new TrainingParts(config, dataset, device, precision.Precision);
        job.Announce(new JobPlan(config.ToJson(), run.Path, Path.GetFullPath(dataset.Folder), limits.MaxSteps, limits.MaxTime is not null));
        Gpt model = parts.Model;
        double peakFlops = DevicePeak.MeasureFlops(device.Device, precision.Precision);
        RunHeader.Print(run, config, dataset, job, precision, peakFlops);

        using var console = new ConsoleProgress(config, new RunFacts(peakFlops, SystemFacts.DeviceMemory(device.Device)));
        using var trainer = new Trainer(model, config, run, parts.Batches, parts.Validation, peakFlops, faults, job.Ranks)
        {
            DataHash = dataset.Identity, AsksEachStep = limits.MaxTime is not null,
            Sampler = tokenizer is null ? null : () => SampleWriter.Glimpse(model, tokenizer),
        };
        begin(model, trainer);
        SessionLog.Append(run.SessionsPath, SystemFacts.Session(trainer.State.Step, device.Device, precision.Precision, peakFlops));
        using var metrics = new MetricsFile(run.MetricsPath, trainer.State.Step, trainer.State.EvaluationDue, console.Say);
        if (trainer.State.Step == 0 && Directory.Exists(run.TensorBoardPath)) Directory.Delete(run.TensorBoardPath, recursive: true); // of a beginning that came to nothing
        trainer.Observers = limits.TensorBoard is { } wanted ? [metrics, console, new TensorBoardLog(run.TensorBoardPath, wanted.Histograms, console.Say)] : [metrics, console];
        StopReason reason = trainer.Run(limits.MaxSteps, Time(limits, shape), cancel);
        console.Dispose();
        job.End(); // what follows rank 0 does alone
        switch (reason)
        {
            case StopReason.Diverged:
                Console.Error.WriteLine($"torchlm: training diverged at step {trainer.State.Step:N0}: {trainer.Failure}; {AfterDivergence(run, config)}");
                return ExitCode.Failed;
            case StopReason.NotSaved:
                Console.Error.WriteLine(Program.OneLine($"torchlm: training stopped at step {trainer.State.Step:N0}, which is not saved: {trainer.Failure}; " + AfterFailedSave(run)));
                return ExitCode.Failed;
            case StopReason.Cancelled:
                Console.Error.WriteLine($"Interrupted; saved at step {trainer.State.Step:N0}. Continue with: torchlm train --resume {Hint.Path(run.Path)}");
                return ExitCode.Interrupted;
            case StopReason.OutOfTime: // which leaves none to say more
                Console.WriteLine($"Time is up; saved at step {trainer.State.Step:N0} of {training.Steps:N0}. Continue with: torchlm train --resume {Hint.Path(run.Path)}");
                return ExitCode.Done;
        }
        if (limits.IsTrial) return ExitCode.Done;
        Conclude(run, model, config, dataset.Val!, trainer.State, reason, peakFlops, cancel);
        if (tokenizer is not null) Speak(run, model, tokenizer, cancel);
        return ExitCode.Done;
    }

    /// <summary>What to do about a run that could not be saved.</summary>
    private static string AfterFailedSave(RunFolder run) => !Directory.Exists(run.Path) ? "nothing can be continued while the folder is gone" : run.Steps() is [.., long last]
        ? $"make room, then continue from step {last:N0} with: torchlm train --resume {Hint.Path(run.Path)}" : "it has no checkpoint: make room and start it anew";

    private static TimeBudget Time(RunLimits limits, ModelConfig shape)
    {
        using var process = Process.GetCurrentProcess();
        return TimeBudget.SinceProcessStart(limits.MaxTime, process.StartTime.ToUniversalTime(), TimeProvider.System, ModelCost.Parameters(shape));
    }

    /// <summary>What to do about a run whose numbers went wrong.</summary>
    private static string AfterDivergence(RunFolder run, RunConfig config)
    {
        double rate = config.Optimizer.LearningRate / 3;
        string lower = $"--set optimizer.learningRate={rate:0.#e-0}" +
            (rate < config.Optimizer.MinLearningRate ? $" --set optimizer.minLearningRate={rate / 10:0.#e-0}" : "");
        return run.Steps().Count == 0 ? $"there is no checkpoint, so start anew with a lower rate: --out {Hint.Path(run.Path)} --overwrite {lower}"
            : $"continue from the last checkpoint with a lower rate: torchlm train --resume {Hint.Path(run.Path)} {lower}";
    }

    /// <summary>What the run reached, measured on the best checkpoint.</summary>
    private static void Conclude(RunFolder run, Gpt model, RunConfig config, DatasetSplit split, TrainingState state, StopReason reason,
        double peakFlops, CancellationToken cancel)
    {
        long? best = state.BestStep ?? run.BestStep;
        if (best is { } named && !Directory.Exists(run.StepPath(named))) best = null; // it could not be saved
        string which = "after the last step";
        if (best is { } step && step != state.Step)
        {
            try
            {
                Checkpoint.Load(run.StepPath(step), model);
                which = $"at the best checkpoint (step {step:N0})";
            }
            catch (InputException e)
            {
                Console.Error.WriteLine(Program.OneLine($"The best checkpoint is left out: {e.Message}"));
            }
        }
        Console.WriteLine(reason switch
        {
            StopReason.NoImprovement => $"Stopped early at step {state.Step:N0}: no better validation loss in {config.Training.Patience} evaluations.",
            StopReason.StepLimit => $"Stopped at step {state.Step:N0} of {config.Training.Steps:N0}. Continue with: torchlm train --resume {Hint.Path(run.Path)}",
            _ => $"Finished {state.Step:N0} steps, {state.Tokens:N0} tokens in {TimeText.Of(state.TrainingSeconds)}.",
        });
        if (best is not null && state.BestLoss is { } estimate && config.Training.EvalBatches > 0)
        {
            Console.WriteLine($"Best validation estimate ({config.Training.EvalBatches} random batches, the same each time): {estimate:0.0000} nats/token.");
        }
        double seconds = split.Tokens * ModelCost.TrainingFlopsPerToken(config.Model) / peakFlops; // a third of the work at a third of the peak
        if (seconds > s_wholeSplitLimit.TotalSeconds)
        {
            Console.WriteLine($"The whole validation split ({split.Tokens:N0} tokens): torchlm eval --model {Hint.Path(run.Path)}");
            return;
        }
        using var whole = new EvaluationSource(split, batches: 0, config.Training.BatchSize, config.Model.ContextLength, config.Model.VocabularySize, 0, model.Device);
        Evaluation result;
        using (var progress = new EvaluationLine(split.Tokens)) result = Evaluator.Evaluate(model, whole, state.MicroBatch ?? int.MaxValue, progress, cancel: cancel);
        Console.WriteLine($"On the whole validation split, {which}: {EvaluationText.Of(result)}.");
        if (split.EntropyNats is { } nats && split.Bytes is { } bytes)
        {
            // The corpus is ASCII: a byte is a character.
            double floor = nats / bytes, reached = result.Loss / result.BytesPerToken!.Value;
            Console.WriteLine($"That is {reached:0.000} nats a character. No model can do better than {floor:0.000} ({floor / Math.Log(2):0.000} bits/byte): the " +
                "entropy of the process that wrote these fables.");
        }
    }

    private static void Speak(RunFolder run, Gpt model, ITokenizer tokenizer, CancellationToken cancel)
    {
        Console.WriteLine("\nIt writes:\n");
        new SampleWriter(model, tokenizer, Console.Out).Write(null, new SamplingOptions(), 1, SampleTokens, [], useCache: true, cancel);
        Console.WriteLine($"\nMore of it: torchlm sample --model {Hint.Path(run.Path)}");
    }

    /// <summary>Decides what to compute in, and puts it into the configuration, so that a resumed run stays the same.</summary>
    private static PrecisionChoice ChoosePrecision(ref RunConfig config, DeviceChoice device)
    {
        PrecisionChoice choice = PrecisionChoice.Of(config.Training.Precision, device.Device, config.Model, config.Training.BatchSize);
        config = config with { Training = config.Training with { Precision = choice.Precision.Name() } };
        return choice;
    }

    private static TokenDataset OpenData(RunConfig config, RunFolder run, CancellationToken cancel)
    {
        using var progress = new BuildProgressLine();
        return RunData.Open(config, run.DataPath, Console.Error.WriteLine, progress, cancel);
    }

    /// <summary>The configuration with what the data decides: the vocabulary and the kind of tokenizer.</summary>
    private static RunConfig Resolve(RunConfig config, TokenDataset dataset, ITokenizer? tokenizer)
    {
        int vocabulary = config.Model.VocabularySize;
        if (tokenizer is null && vocabulary == 0)
        {
            throw new InputException($"The data set '{dataset.Folder}' has no tokenizer.json, so its vocabulary is not known: say how many ids there are, for " +
                "example --set model.vocabularySize=50257.");
        }
        if (tokenizer is not null && vocabulary != 0 && vocabulary != tokenizer.VocabularySize)
        {
            throw new InputException($"model.vocabularySize is {vocabulary}, but the tokenizer has {tokenizer.VocabularySize} ids; leave it 0 to take those.");
        }
        config = config with { Model = config.Model with { VocabularySize = vocabulary == 0 ? tokenizer!.VocabularySize : vocabulary } };
        config.Model.Validate();
        return config;
    }
}
