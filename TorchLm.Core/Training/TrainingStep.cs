using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>One update of the weights. Nothing in it waits for the device.</summary>
/// <remarks>
/// Gradients of a micro-batch may be computed in several equal parts of its rows: where memory runs out in a step, the step begins anew with parts of half
/// the size, which gives the same gradients but for rounding, and other dropout masks.
/// </remarks>
internal sealed class TrainingStep : IDisposable
{
    private readonly Gpt _model;
    private readonly Optimizer _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly IBatchSource _batches;
    private readonly TrainingConfig _config;
    private readonly LossScaler? _scaler;
    private readonly StepOutcomes _outcomes = new();
    private Tensor? _share; // of a part in the gradient; null is 1

    public TrainingStep(Gpt model, Optimizer optimizer, LearningRateSchedule schedule, IBatchSource batches, TrainingConfig config,
        LossScaler? scaler = null)
    {
        (_model, _optimizer, _schedule, _batches, _config, _scaler) = (model, optimizer, schedule, batches, config, scaler);
        Clock = new StepClock(model.Device);
        UseMicroBatch(batches.BatchSize);
    }

    /// <summary>What goes wrong on purpose.</summary>
    public InjectedFaults Faults { get; set; } = InjectedFaults.Parse(null);

    /// <summary>What the schedule's learning rate is multiplied by.</summary>
    public double LearningRateFactor { get; set; } = 1;

    /// <summary>Where the time goes.</summary>
    public StepClock Clock { get; }

    /// <summary>Steps that were made and whose outcome has not been taken.</summary>
    public int Untaken => _outcomes.Count;

    /// <summary>Tokens that one step reads.</summary>
    public long Tokens => (long)_batches.BatchSize * _batches.ContextLength * _config.GradientAccumulationSteps;

    /// <summary>Sequences whose gradients are computed at once, a divisor of the batch size.</summary>
    public int MicroBatch { get; private set; }

    /// <summary>Parts of a step, whose gradients are averaged.</summary>
    private int Parts => _config.GradientAccumulationSteps * (_batches.BatchSize / MicroBatch);

    /// <summary>Sets how many sequences are computed at once.</summary>
    public void UseMicroBatch(int sequences)
    {
        if (sequences < 1 || _batches.BatchSize % sequences != 0) throw new ArgumentOutOfRangeException(nameof(sequences), sequences, "It must divide the batch.");
        MicroBatch = sequences;
        _share?.Dispose();
        _share = null;
        if (Parts == 1) return;
        using var scope = NewDisposeScope();
        _share = ones([], ScalarType.Float32, _model.Device).DividedBy(Parts).DetachFromDisposeScope();
    }

    /// <summary>Goes to the largest part that is at most half as large, after memory has run out; a part must have more than one sequence.</summary>
    public void Halve()
    {
        UseMicroBatch(HalfOf(MicroBatch));
        ClearGradients();
    }

    /// <summary>Makes update number <paramref name="step"/>, counted from 0.</summary>
    /// <param name="step">The number.</param>
    /// <param name="onHalved">Told how large parts were before memory ran out; they are smaller from here on. Null lets the failure through.</param>
    /// <param name="onGradients">Told when the gradients are complete, before the update; null tells nobody.</param>
    /// <param name="waits">Whether the device is waited for after the step, so that its parts can be timed on a GPU.</param>
    /// <param name="cancel">Asks to stop between two parts.</param>
    /// <returns>False where it was stopped, and nothing has changed.</returns>
    public bool Run(long step, Action<int>? onHalved = null, Action? onGradients = null, bool waits = false, CancellationToken cancel = default)
    {
        using var scope = NewDisposeScope();
        Clock.Begin(waits);
        Tensor? loss;
        while (true)
        {
            try
            {
                loss = AccumulateGradients(step, cancel);
                break;
            }
            catch (Exception e) when (onHalved is not null && MemoryExhaustion.Caused(e) && MicroBatch > 1)
            {
                int before = MicroBatch;
                Halve();
                onHalved(before);
            }
        }
        if (loss is null)
        {
            ClearGradients();
            return false;
        }
        onGradients?.Invoke();
        _outcomes.Add(loss, _optimizer.Step(RateAt(step), loss));
        Clock.OptimizerDone();
        return true;
    }

    /// <summary>The learning rate of update number <paramref name="step"/>, counted from 0.</summary>
    public double RateAt(long step) => _schedule.At(step) * LearningRateFactor;

    /// <summary>What became of the steps since the last call, in order; waits for the device.</summary>
    public StepOutcome[] TakeOutcomes() => _outcomes.Take();

    public void Dispose()
    {
        _outcomes.Dispose();
        _share?.Dispose();
    }

    /// <summary>Adds up the gradients of all parts.</summary>
    /// <returns>The mean loss; null where it was stopped.</returns>
    private Tensor? AccumulateGradients(long step, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        Tensor mean = zeros([], ScalarType.Float64, _model.Device);
        Tensor? scale = ScaleOf(step);
        if (Faults.FailsAllocation(step + 1, Halvings())) zeros(1L << 50, ScalarType.Float32, _model.Device);
        int slices = _batches.BatchSize / MicroBatch, accumulation = _config.GradientAccumulationSteps;
        for (int micro = 0; micro < accumulation; micro++)
        {
            if (cancel.IsCancellationRequested && micro > 0) return null;
            using Batch batch = _batches.GetBatch(step * accumulation + micro);
            Clock.DataDone();
            for (int slice = 0; slice < slices; slice++)
            {
                if (cancel.IsCancellationRequested && slice > 0) return null;
                using var sliceScope = NewDisposeScope();
                Tensor loss = _model.AccumulateGradients(RowsOf(batch.Inputs, slice), RowsOf(batch.Targets, slice), scale,
                    SeedDropout(step, (micro * slices) + slice), _config.ActivationCheckpointing, Clock.ForwardDone);
                mean.Accumulate(Parts > 1 ? loss.DividedBy(Parts) : loss);
                Clock.BackwardDone();
            }
        }
        return mean.MoveToOuterDisposeScope();
    }

    /// <summary>How often parts have become smaller, in whichever process.</summary>
    private int Halvings()
    {
        int count = 0;
        for (int rows = _batches.BatchSize; rows > MicroBatch; rows = HalfOf(rows)) count++;
        return count;
    }

    private int HalfOf(int sequences) => Training.MicroBatch.Divisors(_batches.BatchSize).Last(divisor => divisor <= sequences / 2);

    private Tensor RowsOf(Tensor batch, int slice) => MicroBatch == _batches.BatchSize ? batch : batch.narrow(0, (long)slice * MicroBatch, MicroBatch);

    private Tensor? ScaleOf(long step)
    {
        Tensor? scale = _scaler is null ? _share : _share is null ? _scaler.Scale : _scaler.Scale.mul(_share);
        return Faults.SpoilsGradients(step + 1) ? (scale ?? ones([], ScalarType.Float32, _model.Device)).Times(double.NaN) : scale;
    }

    private void ClearGradients()
    {
        foreach (TorchSharp.Modules.Parameter parameter in _model.parameters()) parameter.grad = null;
    }

    private Action<int>? SeedDropout(long step, int part) =>
        _model.Config.Dropout > 0 ? layer => DropoutSeed.Apply(_config.Seed, step, part, layer, _model.Device) : null;
}
