using System.Diagnostics;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;

namespace TorchLm.Core.Training;

/// <summary>Trains a model: steps, evaluations and checkpoints, in an order that follows from the configuration alone.</summary>
public sealed partial class Trainer : IDisposable
{
    private const float LowestLossScale = 1e-4f;

    /// <summary>Steps after which losses are read back although nobody asks, so that their number stays bounded.</summary>
    private const int MostUntaken = 256;

    private readonly Gpt _model;
    private readonly RunConfig _config;
    private readonly RunFolder _run;
    private readonly IEvaluationSource _validation;
    private readonly LossScaler? _scaler;
    private readonly Optimizer _optimizer;
    private readonly TrainingStep _step;
    private readonly StepJudge _judge;
    private readonly CheckpointSaver? _saver; // rank 0's
    private readonly double? _peakFlops;
    private TrainingState _state;
    private long? _savedStep, _safeStep; // whose checkpoint was begun last, and is known to be on disk
    private TimeBudget? _time;
    private double _gradientNorm; // of the last step that was read back
    private double _secondsAtLastLog;
    private long _tokensSinceLog; // in this call, unlike the state's pending steps
    private TimeSpan _savingSinceLog; // that training waited for
    private bool _saidNotPruned;
    private string? _divergence; // what is wrong with the numbers, if anything

    /// <summary>Prepares a run from its beginning.</summary>
    /// <param name="model">The model, with fresh or imported weights. The caller keeps it.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="run">Where checkpoints go.</param>
    /// <param name="batches">What is trained on. The caller keeps it.</param>
    /// <param name="validation">What is evaluated on.</param>
    /// <param name="peakFlops">The device's peak in floating-point operations per second, for the utilisation in the metrics.</param>
    /// <param name="faults">What is to go wrong on purpose; null is nothing.</param>
    /// <param name="ranks">
    /// The processes that train together, all with the same configuration and data; null is this one alone. The caller keeps it. Rank 0 alone writes.
    /// </param>
    /// <exception cref="InputException">There are more ranks than sequences in a step, or settings that several ranks cannot have together.</exception>
    public Trainer(Gpt model, RunConfig config, RunFolder run, IBatchSource batches, IEvaluationSource validation,
        double? peakFlops = null, InjectedFaults? faults = null, ICollective? ranks = null)
    {
        _ranks = ranks ?? new AloneCollective();
        _consensus = new Consensus(_ranks, model.Device);
        (_model, _config, _run, _validation, _peakFlops) = (model, config, run, validation, peakFlops);
        _scaler = model.Precision == Precision.Float16 ? new LossScaler(model.Device) : null;
        RankRules.Require(config.Training, _ranks.WorldSize);
        if (_ranks.WorldSize > 1) _exchange = new GradientExchange(model, _ranks, config.Training.ShardOptimizer);
        _optimizer = new Optimizer(model, config.Optimizer, _scaler, null, _exchange);
        _layers = config.Training.LayerNorms ? new LayerProbe(model, _scaler) : null;
        faults ??= InjectedFaults.Parse(null);
        _step = new TrainingStep(model, _optimizer, new LearningRateSchedule(config.Optimizer, config.Training.Steps), batches, config.Training, _scaler, _exchange) { Faults = faults };
        _judge = new StepJudge(config.Training, _scaler is not null, Report);
        if (IsFirst) _saver = new CheckpointSaver(run, model, _optimizer, config.Training.KeepCheckpoints) { Pause = faults.SavePause };
        _state = new TrainingState { ConfigHash = RunIdentity.HashOf(config) };
    }

    /// <summary>Who is told what happens; set before <see cref="Run"/>.</summary>
    public IReadOnlyList<ITrainingObserver> Observers { get; set; } = [];

    /// <summary>Writes a little text with the model as it is, for evaluations to show; null shows none.</summary>
    public Func<string>? Sampler { get; init; }

    /// <summary>Whether ranks on GPUs ask each other after every step whether to stop, and not only after those that are logged: where time is limited.</summary>
    public bool AsksEachStep { get; init; }

    /// <summary>What the loss is multiplied by in fp16; null otherwise.</summary>
    internal LossScaler? Scaler => _scaler;

    /// <summary>Where the run stands.</summary>
    public TrainingState State => _state;

    /// <summary>What the data is recognised by, which checkpoints repeat; null where there is nothing of that kind.</summary>
    public string? DataHash
    {
        get => _state.DataHash;
        init => _state = _state with { DataHash = value };
    }

    /// <summary>Why it ended with <see cref="StopReason.Diverged"/> or <see cref="StopReason.NotSaved"/>: a part of a sentence.</summary>
    public string? Failure { get; private set; }

    /// <summary>Continues from a checkpoint: weights, moments and position. Of several ranks the first one reads it, for all.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <param name="newOptimizer">Whether the optimiser's settings are other ones now: then a rate that rollbacks have lowered counts no more.</param>
    /// <returns>Whether the configuration is the one that the checkpoint was made with, so that the run stays the same run.</returns>
    /// <exception cref="InputException">The checkpoint is damaged or of another shape.</exception>
    public bool Resume(string folder, bool newOptimizer = false)
    {
        string hash = _state.ConfigHash!;
        string? data = DataHash;
        _state = Checkpoint.Load(folder, _model, _optimizer) with { DataHash = data };
        bool same = _state.ConfigHash == hash;
        if (!same) _state = _state with { ConfigHash = hash, MicroBatch = null };
        if (newOptimizer) _state = _state with { LearningRateFactor = 1, Rollbacks = 0, RolledBackTo = null };
        _savedStep = _safeStep = _state.Step;
        TakeUp();
        return same;
    }

    /// <summary>
    /// Trains until the last step or a reason to stop earlier; the last state is saved unless it has diverged. Where a running mean of the weights is kept,
    /// the model has it afterwards.
    /// </summary>
    /// <param name="maxSteps">The run's step after which to stop, which leaves the schedule as it is; null is no limit.</param>
    /// <param name="time">The time there is, which the last save is made within; null is no limit.</param>
    /// <param name="cancel">Asks to stop after the micro-batch under way.</param>
    public StopReason Run(long? maxSteps = null, TimeBudget? time = null, CancellationToken cancel = default)
    {
        WeightAverage? average = _optimizer.Average;
        average?.Hide();
        ShareBeginning();
        if (_state.Step == 0) average?.Restart(); // the model may have been given other weights since
        StopReason reason = Train(maxSteps, time, cancel);
        average?.Show();
        return reason;
    }

    private StopReason Train(long? maxSteps, TimeBudget? time, CancellationToken cancel)
    {
        _time = time;
        _model.train();
        if (_state.Step == 0) _state = _state with { BestLoss = null, BestStep = null, EvaluationsSinceBest = 0, EvaluationDue = true }; // also of a run that was stopped here
        while (true)
        {
            if (_divergence is not null && !RollBack()) return StopReason.Diverged;
            Wishes wishes = Agree(cancel);
            if (wishes.NotSaved) return StopReason.NotSaved;
            if (_state.EvaluationDue && !wishes.Cancel && !wishes.NoTimeForEvaluation)
            {
                Evaluate(cancel);
                if (!_state.EvaluationDue && _savedStep == _state.Step && _safeStep == _state.Step) _savedStep = null; // what is saved says that it is due
                continue;
            }
            StopReason? reason = wishes.Cancel ? StopReason.Cancelled
                : _state.Step >= _config.Training.Steps ? StopReason.Finished
                : _state.Step >= maxSteps ? StopReason.StepLimit
                : _state.EvaluationDue || wishes.NoTimeForStep ? StopReason.OutOfTime
                : _config.Training.Patience > 0 && _state.EvaluationsSinceBest >= _config.Training.Patience ? StopReason.NoImprovement
                : null;
            if (reason is null)
            {
                MakeStep(cancel);
                continue;
            }
            if (reason == StopReason.Cancelled && _state.Step >= _config.Training.Steps && !_state.EvaluationDue) reason = StopReason.Finished; // too late
            ReadBack();
            if (_divergence is null && _consensus.OfFirst(_savedStep != _state.Step)) Save(isBest: false);
            if (_divergence is not null) continue;
            ReportSave(wait: true);
            return _consensus.OfFirst(_safeStep == _state.Step) ? reason.Value : StopReason.NotSaved;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _saver?.Dispose(); // waits for what is being written
        _step.Dispose();
        _layers?.Dispose();
        _optimizer.Dispose();
        _exchange?.Dispose();
    }

    private void MakeStep(CancellationToken cancel)
    {
        TrainingConfig training = _config.Training;
        ReportSave(wait: false);
        long start = Stopwatch.GetTimestamp();
        int? microBatch = _state.MicroBatch;
        long made = _state.Step + 1;
        bool last = made == training.Steps;
        bool evaluates = IsEvaluated(made);
        bool saves = last || (training.SaveInterval > 0 && made % training.SaveInterval == 0);
        bool logs = last || made % training.LogInterval == 0;
        if (!_step.Run(_state.Step, before => OnHalved(made, before), OnGradients(made, evaluates, logs), waits: logs, Within(cancel)))
        {
            _layers?.Stop();
            // Smaller micro-batches belong to the step that they were found in: when it is made again, they are found, and said, again.
            _state = _state with { MicroBatch = microBatch };
            _step.UseMicroBatch(microBatch ?? _config.Training.BatchSize);
            return;
        }
        _state = _state with { Step = made, Tokens = _state.Tokens + _step.TokensAt(made - 1) };
        foreach (ITrainingObserver observer in Observers) observer.OnUpdate(made);

        // Reading values back waits for the device, so that the time below is right where it is used.
        if (logs || evaluates || saves || _step.Untaken >= MostUntaken) ReadBack();
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        _time?.StepTook(took);
        _tokensSinceLog += _step.TokensAt(made - 1);
        _state = _state with { TrainingSeconds = _state.TrainingSeconds + took.TotalSeconds };
        if (logs) Log();
        if (evaluates && _divergence is null) Evaluate(cancel);
        if (saves && _divergence is null && _consensus.OfFirst(_savedStep != made)) Save(isBest: false);
    }

    private bool IsEvaluated(long step) => step == _config.Training.Steps || step % _config.Training.EvalInterval == 0;

    /// <summary>Reads losses and gradient norms of the last steps from the device, and judges whether the run has diverged.</summary>
    private void ReadBack()
    {
        StepOutcome[] outcomes = _step.TakeOutcomes();
        for (int i = 0; i < outcomes.Length && _divergence is null; i++) // what was made after a divergence does not count
        {
            _state = _judge.Take(_state, outcomes[i], _state.Step - outcomes.Length + 1 + i);
            _divergence = _judge.TakeDivergence();
        }
        if (outcomes.Length == 0) return;
        _gradientNorm = outcomes[^1].GradientNorm;
        if (_scaler?.Scale.item<float>() < LowestLossScale) _divergence = "no loss scale was low enough for finite gradients";
    }

    private void Log()
    {
        StepPhases? phases = _step.Clock.Take();
        RankSpeeds? speeds = MeasureSpeeds(phases);
        double tokensPerSecond = _tokensSinceLog / Math.Max(1e-9, _state.TrainingSeconds - _secondsAtLastLog);
        double? utilization = tokensPerSecond * ModelCost.TrainingFlopsPerToken(_model.Config) / (_peakFlops * _ranks.WorldSize);
        double loss = _state.PendingSteps > 0 ? _state.PendingLoss / _state.PendingSteps : double.NaN;
        var metrics = new StepMetrics(_state.Step, _state.Tokens, loss, _step.RateAt(_state.Step - 1), _gradientNorm, _state.PendingLossZ,
            _state.SkippedUpdates, tokensPerSecond, utilization, Environment.WorkingSet)
        {
            Phases = phases,
            Speeds = speeds,
            Layers = _layers?.Read(),
            SavingMilliseconds = _savingSinceLog.TotalMilliseconds,
            DeviceBytes = _model.Device.type == TorchSharp.DeviceType.CUDA ? CudaDriver.MemoryInUse() : null,
        };
        _state = _state with { PendingLoss = 0, PendingSteps = 0, PendingLossZ = null };
        (_secondsAtLastLog, _tokensSinceLog, _savingSinceLog) = (_state.TrainingSeconds, 0, TimeSpan.Zero);
        foreach (ITrainingObserver observer in Observers) observer.OnStep(metrics);
    }

    private void OnHalved(long step, int before)
    {
        if (_ranks.WorldSize == 1) ReadBack(); // what earlier steps have to report comes first; ranks do so together
        _state = _state with { MicroBatch = _step.MicroBatch };
        _layers?.Restart();
        Report(step, IncidentKind.OutOfMemory, $"Memory ran out at step {step:N0}: micro-batches of {before} sequences become " +
            $"{_step.MicroBatch}, and the gradients of as many more are added up, so that the batch stays the same.");
    }

    private void Report(long step, IncidentKind kind, string message)
    {
        foreach (ITrainingObserver observer in Observers) observer.OnIncident(new TrainingIncident(step, kind, message));
    }
}
