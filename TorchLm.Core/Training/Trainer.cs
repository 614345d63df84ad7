using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>All steps were made.</summary>
    Finished,

    /// <summary>The validation loss did not improve for as many evaluations as the configuration's patience.</summary>
    NoImprovement,

    /// <summary>The step up to which the caller wanted to train was made.</summary>
    StepLimit,

    /// <summary>The time that was given is over.</summary>
    OutOfTime,

    /// <summary>The caller asked to stop.</summary>
    Cancelled,

    /// <summary>The loss is no longer a number; the state is not saved, earlier checkpoints stay.</summary>
    Diverged,
}

/// <summary>Trains a model: steps, evaluations and checkpoints, in an order that follows from the configuration alone.</summary>
public sealed class Trainer : IDisposable
{
    private const float LowestLossScale = 1e-4f;

    private readonly Gpt _model;
    private readonly RunConfig _config;
    private readonly RunFolder _run;
    private readonly IEvaluationSource _validation;
    private readonly LossScaler? _scaler;
    private readonly FusedAdamW _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly TrainingStep _step;
    private readonly double? _peakFlops;
    private TrainingState _state;
    private TimeBudget? _time;
    private long? _savedStep;
    private Tensor? _norm; // of the last step
    private double _secondsAtLastLog;
    private int _stepsSinceLog; // in this call, unlike the state's pending steps
    private bool _diverged;

    /// <summary>Prepares a run from its beginning.</summary>
    /// <param name="model">The model, with fresh or imported weights. The caller keeps it.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="run">Where checkpoints go.</param>
    /// <param name="batches">What is trained on. The caller keeps it.</param>
    /// <param name="validation">What is evaluated on.</param>
    /// <param name="peakFlops">The device's peak in floating-point operations per second, for the utilisation in the metrics.</param>
    public Trainer(Gpt model, RunConfig config, RunFolder run, IBatchSource batches, IEvaluationSource validation,
        double? peakFlops = null)
    {
        (_model, _config, _run, _validation, _peakFlops) = (model, config, run, validation, peakFlops);
        _scaler = model.Precision == Precision.Float16 ? new LossScaler(model.Device) : null;
        _optimizer = new FusedAdamW(model, config.Optimizer, _scaler);
        _schedule = new LearningRateSchedule(config.Optimizer, config.Training.Steps);
        _step = new TrainingStep(model, _optimizer, _schedule, batches, config.Training, _scaler);
        _state = new TrainingState { ConfigHash = HashOf(config) };
    }

    /// <summary>Who is told what happens; set before <see cref="Run"/>.</summary>
    public IReadOnlyList<ITrainingObserver> Observers { get; set; } = [];

    /// <summary>What the loss is multiplied by in fp16; null otherwise.</summary>
    internal LossScaler? Scaler => _scaler;

    /// <summary>Where the run stands.</summary>
    public TrainingState State => _state;

    /// <summary>Continues from a checkpoint: weights, moments and position.</summary>
    /// <param name="folder">A step's folder.</param>
    /// <returns>Whether the configuration is the one that the checkpoint was made with, so that the run stays the same run.</returns>
    /// <exception cref="InputException">The checkpoint is damaged or of another shape.</exception>
    public bool Resume(string folder)
    {
        TrainingState saved = Checkpoint.Load(folder, _model, _optimizer);
        _state = saved with { ConfigHash = HashOf(_config), Checksums = new Dictionary<string, string>() };
        _savedStep = saved.Step;
        _secondsAtLastLog = saved.TrainingSeconds;
        return saved.ConfigHash == _state.ConfigHash;
    }

    /// <summary>Trains until the last step or a reason to stop earlier; the last state is saved unless it has diverged.</summary>
    /// <param name="maxSteps">The run's step after which to stop, which leaves the schedule as it is; null is no limit.</param>
    /// <param name="time">The time there is, which the last save is made within; null is no limit.</param>
    /// <param name="cancel">Asks to stop after the step under way.</param>
    public StopReason Run(long? maxSteps = null, TimeBudget? time = null, CancellationToken cancel = default)
    {
        TrainingConfig training = _config.Training;
        _time = time;
        _model.train();
        if (_state.Step == 0) _state = _state with { BestLoss = null, EvaluationsSinceBest = 0 }; // a run that was stopped here is evaluated again
        if ((_state.Step == 0 || _state.EvaluationDue) && time?.AllowsAnotherStep(evaluates: true) != false) Evaluate(cancel);

        StopReason reason = StopReason.Finished;
        while (_state.Step < training.Steps)
        {
            if (cancel.IsCancellationRequested) reason = StopReason.Cancelled;
            else if (_state.Step >= maxSteps) reason = StopReason.StepLimit;
            else if (time?.AllowsAnotherStep(IsEvaluated(_state.Step + 1)) == false) reason = StopReason.OutOfTime;
            else if (training.Patience > 0 && _state.EvaluationsSinceBest >= training.Patience) reason = StopReason.NoImprovement;
            if (reason != StopReason.Finished) break;
            MakeStep(cancel);
            if (_diverged) return StopReason.Diverged;
        }
        if (_state.EvaluationDue && reason == StopReason.Finished) reason = StopReason.Cancelled; // in the last step's evaluation
        if (_savedStep == _state.Step) return reason;
        _ = ReadBack();
        if (_diverged) return StopReason.Diverged;
        Save(isBest: false);
        return reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _norm?.Dispose();
        _step.Dispose();
        _optimizer.Dispose();
    }

    private void MakeStep(CancellationToken cancel)
    {
        TrainingConfig training = _config.Training;
        long start = Stopwatch.GetTimestamp();
        _norm?.Dispose();
        _norm = _step.Run(_state.Step);
        long made = _state.Step + 1;
        bool last = made == training.Steps;
        bool evaluates = IsEvaluated(made);
        bool saves = last || (training.SaveInterval > 0 && made % training.SaveInterval == 0);
        bool logs = last || made % training.LogInterval == 0;

        // Reading a value back waits for the device, so that the time below is right where it is used.
        double gradientNorm = logs || evaluates || saves ? ReadBack() : 0;
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        _time?.StepTook(took);
        _stepsSinceLog++;
        _state = _state with
        {
            Step = made,
            Tokens = _state.Tokens + _step.Tokens,
            TrainingSeconds = _state.TrainingSeconds + took.TotalSeconds,
            PendingSteps = _state.PendingSteps + 1,
        };
        if (logs) Log(gradientNorm);
        if (_diverged) return;
        if (evaluates) Evaluate(cancel);
        if (saves && !_diverged && _savedStep != made) Save(isBest: false);
    }

    private bool IsEvaluated(long step) => step == _config.Training.Steps || step % _config.Training.EvalInterval == 0;

    /// <summary>Reads the losses and the gradient's norm of the last step from the device, and judges whether the run has diverged.</summary>
    /// <returns>The norm; 0 before the first step.</returns>
    private double ReadBack()
    {
        double norm = _norm?.item<float>() ?? 0;
        _state = _state with { PendingLoss = _state.PendingLoss + _step.TakeLossSum() };
        // With a loss scale a step whose gradients are not finite is left out, until no scale is low enough.
        bool gradientsFailed = _scaler is null ? !double.IsFinite(norm) : _scaler.Scale.item<float>() < LowestLossScale;
        _diverged |= !double.IsFinite(_state.PendingLoss) || gradientsFailed;
        return norm;
    }

    private void Log(double gradientNorm)
    {
        double tokensPerSecond = _step.Tokens * _stepsSinceLog / Math.Max(1e-9, _state.TrainingSeconds - _secondsAtLastLog);
        double? utilization = tokensPerSecond * ModelCost.TrainingFlopsPerToken(_model.Config) / _peakFlops;
        var metrics = new StepMetrics(_state.Step, _state.Tokens, _state.PendingLoss / _state.PendingSteps, _schedule.At(_state.Step - 1), gradientNorm,
            tokensPerSecond, utilization, Environment.WorkingSet);
        _state = _state with { PendingLoss = 0, PendingSteps = 0 };
        (_secondsAtLastLog, _stepsSinceLog) = (_state.TrainingSeconds, 0);
        foreach (ITrainingObserver observer in Observers) observer.OnStep(metrics);
    }

    /// <summary>Evaluates, and saves what is better than all before; the untrained model sets the mark but is not worth saving.</summary>
    private void Evaluate(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        Evaluation result;
        try
        {
            result = Evaluator.Evaluate(_model, _validation, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _state = _state with { EvaluationDue = true };
            return;
        }
        _diverged |= !double.IsFinite(result.Loss);
        bool isBest = double.IsFinite(result.Loss) && !(result.Loss >= _state.BestLoss);
        _state = _state with
        {
            EvaluationDue = false,
            BestLoss = isBest ? result.Loss : _state.BestLoss,
            EvaluationsSinceBest = isBest ? 0 : _state.EvaluationsSinceBest + 1,
        };
        foreach (ITrainingObserver observer in Observers) observer.OnEvaluation(new EvaluationMetrics(_state.Step, result, isBest), _model);
        _time?.EvaluationTook(Stopwatch.GetElapsedTime(start));
        if (isBest && _state.Step > 0) Save(isBest: true);
    }

    private void Save(bool isBest)
    {
        long start = Stopwatch.GetTimestamp();
        string path = Checkpoint.Save(_run, _model, _optimizer, _state, isBest, _config.Training.KeepCheckpoints);
        _savedStep = _state.Step;
        _time?.SaveTook(Stopwatch.GetElapsedTime(start));
        foreach (ITrainingObserver observer in Observers) observer.OnCheckpoint(_state.Step, path);
    }

    /// <summary>A hash of what decides the weights: not of where data lies, or of when the run is evaluated, saved and logged.</summary>
    private static string HashOf(RunConfig config)
    {
        TrainingConfig t = config.Training;
        RunConfig deciding = new()
        {
            Model = config.Model,
            Optimizer = config.Optimizer,
            Training = new TrainingConfig { Steps = t.Steps, BatchSize = t.BatchSize, GradientAccumulationSteps = t.GradientAccumulationSteps, Seed = t.Seed, Precision = t.Precision },
        };
        // Settings that came later are left out where they say what was always done, so that runs keep their hash.
        JsonNode json = JsonNode.Parse(deciding.ToJson())!;
        json["training"]!.AsObject().Remove("activationCheckpointing");
        json["training"]!.AsObject().Remove("initFrom"); // decides the first step's weights, which a resumed run has behind it
        if (t.Precision == Precision.Float32.Name()) json["training"]!.AsObject().Remove("precision");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json.ToJsonString(RunConfig.Json))));
    }
}
