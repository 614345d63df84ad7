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
using TorchLm.Tokenizers;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary>How far a call of <c>torchlm train</c> goes, apart from the run's own end.</summary>
/// <param name="MaxSteps">The run's step after which to stop; null is no limit.</param>
/// <param name="MaxTime">Time for the training; null is no limit.</param>
internal sealed record RunLimits(long? MaxSteps, TimeSpan? MaxTime);

/// <summary>One call of <c>torchlm train</c>: data, model and trainer put together, and what is said about them.</summary>
internal static class TrainingSession
{
    /// <summary>Splits up to this many tokens are evaluated whole at the end of a run; larger ones are left to <c>torchlm eval</c>.</summary>
    private const long WholeSplitLimit = 2_000_000;

    private const int SampleTokens = 500;

    /// <summary>Begins a run.</summary>
    public static int Start(RunConfig config, string folder, string deviceName, RunLimits limits, CancellationToken cancel)
    {
        DeviceChoice device = DeviceChoice.Of(deviceName);
        var run = new RunFolder(folder);
        CreateFolder(run);
        try
        {
            TokenDataset dataset = OpenData(config, run, cancel);
            ITokenizer? tokenizer = RunData.Tokenizer(dataset);
            config = Resolve(config, dataset, tokenizer);
            return Train(run, config, dataset, tokenizer, device, limits, resumeFrom: null, cancel);
        }
        catch (InputException) when (!run.Exists)
        {
            run.Delete(); // the run never began: leave nothing behind
            throw;
        }
    }

    /// <summary>Continues a run from its latest checkpoint.</summary>
    public static int Resume(string folder, IReadOnlyList<string> settings, string deviceName, RunLimits limits, CancellationToken cancel)
    {
        DeviceChoice device = DeviceChoice.Of(deviceName);
        var run = new RunFolder(folder);
        RunConfig config = run.ReadConfig(settings);
        long step = run.LatestStep ?? throw new InputException($"The run in '{folder}' has no checkpoint to continue from; start it anew.");
        if (step >= config.Training.Steps)
        {
            throw new InputException($"The run in '{folder}' has made all of its {config.Training.Steps:N0} steps; to go on, ask for more: --set training.steps=N.");
        }
        TokenDataset dataset = OpenData(config, run, cancel);
        if (settings.Count > 0) DurableFile.WriteText(run.ConfigPath, config.ToJson() + "\n");
        ITokenizer? tokenizer = File.Exists(run.TokenizerPath) ? TokenizerFile.Load(run.TokenizerPath) : null;
        return Train(run, config, dataset, tokenizer, device, limits, run.StepPath(step), cancel);
    }

    private static int Train(RunFolder run, RunConfig config, TokenDataset dataset, ITokenizer? tokenizer, DeviceChoice device, RunLimits limits,
        string? resumeFrom, CancellationToken cancel)
    {
        TrainingConfig training = config.Training;
        ModelConfig shape = config.Model;
        DatasetSplit validationSplit = dataset.Val ?? throw new InputException(
            $"The data set '{dataset.Folder}' has no validation split, which training is measured on; prepare it with --val-fraction above 0.");

        using var model = new Gpt(shape, training.Seed, device.Device);
        using var batches = new BatchLoader(dataset.Train, training.BatchSize, shape.ContextLength, shape.VocabularySize, training.Seed, device.Device);
        using var validation = new EvaluationSource(validationSplit, training.EvalBatches, training.BatchSize, shape.ContextLength, shape.VocabularySize,
            training.Seed, device.Device);
        if (resumeFrom is null)
        {
            tokenizer?.Save(run.TokenizerPath);
            DurableFile.WriteText(run.ConfigPath, config.ToJson() + "\n"); // from here on the folder holds a run
        }
        double peakFlops = DevicePeak.MeasureFlops(device.Device);
        RunHeader.Print(run, config, dataset, device, peakFlops);

        long continueAt = resumeFrom is null ? 0 : SavedStep(resumeFrom);
        using var metrics = new MetricsFile(run.MetricsPath, continueAt);
        using var console = new ConsoleProgress(config, tokenizer);
        using var trainer = new Trainer(model, config, run, batches, validation, [metrics, console], peakFlops);
        if (resumeFrom is not null)
        {
            bool same = trainer.Resume(resumeFrom);
            Console.Error.WriteLine($"Continuing at step {trainer.State.Step:N0}" + (same ? "." : ", with changed settings: from here on it is another run."));
        }

        StopReason reason = trainer.Run(limits.MaxSteps, limits.MaxTime, cancel);
        console.Dispose();
        switch (reason)
        {
            case StopReason.Diverged:
                Console.Error.WriteLine($"torchlm: training diverged: the loss was no longer a number at step {trainer.State.Step:N0}; continue from the last " +
                    $"checkpoint with a lower rate: torchlm train --resume {run.Path} --set optimizer.learningRate={config.Optimizer.LearningRate / 3:0.#e-0}");
                return ExitCode.Failed;
            case StopReason.Cancelled:
                Console.Error.WriteLine($"Interrupted; saved at step {trainer.State.Step:N0}. Continue with: torchlm train --resume {run.Path}");
                return ExitCode.Interrupted;
        }
        Conclude(run, model, config, validationSplit, trainer.State, reason, cancel);
        if (tokenizer is not null) Speak(run, model, tokenizer, cancel);
        return ExitCode.Done;
    }

    /// <summary>What the run reached, measured on the best checkpoint.</summary>
    private static void Conclude(RunFolder run, Gpt model, RunConfig config, DatasetSplit split, TrainingState state, StopReason reason, CancellationToken cancel)
    {
        long? best = run.BestStep;
        string which = "after the last step";
        if (best is { } step && step != state.Step)
        {
            Checkpoint.Load(run.StepPath(step), model);
            which = $"at the best checkpoint (step {step:N0})";
        }
        Console.WriteLine(reason switch
        {
            StopReason.NoImprovement => $"Stopped early at step {state.Step:N0}: no better validation loss in {config.Training.Patience} evaluations.",
            StopReason.OutOfTime => $"Time is up at step {state.Step:N0} of {config.Training.Steps:N0}. Continue with: torchlm train --resume {run.Path}",
            StopReason.StepLimit => $"Stopped at step {state.Step:N0} of {config.Training.Steps:N0}. Continue with: torchlm train --resume {run.Path}",
            _ => $"Finished {state.Step:N0} steps, {state.Tokens:N0} tokens in {ConsoleProgress.Time(state.TrainingSeconds)}.",
        });
        if (state.BestLoss is { } estimate && config.Training.EvalBatches > 0)
        {
            Console.WriteLine($"Best validation estimate ({config.Training.EvalBatches} random batches, the same each time): {estimate:0.0000} nats/token.");
        }
        if (split.Tokens > WholeSplitLimit)
        {
            Console.WriteLine($"The whole validation split ({split.Tokens:N0} tokens): torchlm eval --model {run.Path}");
            return;
        }
        using var whole = new EvaluationSource(split, batches: 0, config.Training.BatchSize, config.Model.ContextLength, config.Model.VocabularySize, 0, model.Device);
        Evaluation result = Evaluator.Evaluate(model, whole, cancel);
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
        Console.WriteLine($"\nMore of it: torchlm sample --model {Path.GetRelativePath(".", run.Path)}");
    }

    private static void CreateFolder(RunFolder run)
    {
        try
        {
            Directory.CreateDirectory(run.Path);
            string probe = Path.Combine(run.Path, $".{Environment.ProcessId}.tmp");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot write to the run's folder '{run.Path}': {e.Message} Choose another with --out.", e);
        }
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
        if (tokenizer is not null && vocabulary != 0 && vocabulary < tokenizer.VocabularySize)
        {
            throw new InputException($"model.vocabularySize is {vocabulary}, but the tokenizer has {tokenizer.VocabularySize} ids; leave it 0 to take those.");
        }
        config = config with { Model = config.Model with { VocabularySize = vocabulary == 0 ? tokenizer!.VocabularySize : vocabulary } };
        config.Model.Validate();
        return config;
    }

    private static long SavedStep(string checkpoint) => long.Parse(Path.GetFileName(checkpoint).Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture);
}
