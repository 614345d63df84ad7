using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

/// <summary>A run of a tiny model in a folder, begun or continued as the console program does it.</summary>
internal sealed class TestRun : IDisposable
{
    /// <summary>Saves, evaluations and lines of metrics fall on different steps, apart from the last.</summary>
    public static readonly RunConfig Config = new()
    {
        Model = TinyGpt.Config with { LayerCount = 1 },
        Optimizer = new OptimizerConfig { LearningRate = 3e-3, MinLearningRate = 3e-4, WarmupSteps = 5 },
        Training = new TrainingConfig { Steps = 100, BatchSize = 2, EvalInterval = 25, SaveInterval = 30, LogInterval = 7, Seed = 3 },
    };

    private readonly CancellationTokenSource _stop = new();
    private readonly RandomBatches _batches;
    private readonly MetricsFile? _metrics; // rank 0's

    /// <param name="folder">The run's folder; a run that was begun there is continued.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="stopAfter">Asks to stop while this step is under way.</param>
    /// <param name="validation">What is evaluated on; two fixed batches where nothing is said.</param>
    /// <param name="beforeStep">Called with the step's number, from 0, and the model, before the step's first batch.</param>
    /// <param name="faults">What goes wrong on purpose.</param>
    /// <param name="stopAt">Asks to stop while this micro-batch of the run, counted from 1, is under way.</param>
    /// <param name="ranks">Who trains together; null is this run alone.</param>
    public TestRun(string folder, RunConfig config, long? stopAfter = null, IEvaluationSource? validation = null, Action<long, Gpt>? beforeStep = null,
        string? faults = null, long? stopAt = null, ICollective? ranks = null)
    {
        Folder = new RunFolder(folder);
        Precision precision = config.Training.Precision == "auto" ? Precision.Float32 : PrecisionNames.Parse(config.Training.Precision);
        Model = new Gpt(config.Model, config.Training.Seed, precision: precision);
        int accumulation = config.Training.GradientAccumulationSteps;
        _batches = new RandomBatches(config.Training.BatchSize, config.Model.ContextLength, config.Model.VocabularySize)
        {
            OnGet = index =>
            {
                if (index % accumulation == 0) beforeStep?.Invoke(index / accumulation, Model);
                if (index + 1 == (stopAt ?? stopAfter * accumulation)) _stop.Cancel();
            },
        };
        bool isFirst = ranks is null or { Rank: 0 };
        if (isFirst) _metrics = new MetricsFile(Folder.MetricsPath, Folder.LatestStep ?? 0, Folder.LatestStep is { } saved && Checkpoint.ReadState(Folder.StepPath(saved)).EvaluationDue);
        Trainer = new Trainer(Model, config, Folder, _batches, validation ?? ValidationBatches.Fixed, peakFlops: 1e12, InjectedFaults.Parse(faults), ranks)
        {
            Observers = _metrics is null ? [Observer] : [_metrics, Observer],
        };
        if (isFirst && Folder.LatestStep is { } step) SameConfig = Trainer.Resume(Folder.StepPath(step));
    }

    public RunFolder Folder { get; }

    public Gpt Model { get; }

    public Trainer Trainer { get; }

    public RecordingObserver Observer { get; } = new();

    public bool? SameConfig { get; }

    public StopReason Run(long? maxSteps = null, TimeSpan? maxTime = null) =>
        Trainer.Run(maxSteps, new TimeBudget(maxTime, TimeProvider.System, TimeProvider.System.GetTimestamp()), _stop.Token);

    /// <summary>Begins or continues a run and leaves it.</summary>
    public static StopReason RunIn(string folder, RunConfig config, long? stopAfter = null)
    {
        using var run = new TestRun(folder, config, stopAfter);
        return run.Run();
    }

    public void Dispose()
    {
        Trainer.Dispose();
        _metrics?.Dispose();
        _batches.Dispose();
        Model.Dispose();
        _stop.Dispose();
    }
}
