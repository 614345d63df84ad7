using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>One update of the weights. Nothing in it waits for the device.</summary>
/// <remarks>
/// Gradients of a micro-batch may be computed in several equal parts of its rows: where memory runs out in a step, the step begins anew with parts of
/// half the size, which gives the same gradients but for rounding, and other dropout masks. While batch or context grow, a step reads fewer
/// sequences, or cuts each into shorter ones, of the same data in the same order. Of several ranks each reads its stretch of the step's sequences; a
/// sequence weighs the same wherever it is read.
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
    private readonly SequenceReader _sequences;
    private readonly StepSizes _sizes;
    private readonly ICollective _ranks;
    private readonly GradientExchange? _exchange;
    private Tensor? _share; // of a part in the gradient; null is 1
    private double _divisor = 1; // that it belongs to

    public TrainingStep(Gpt model, Optimizer optimizer, LearningRateSchedule schedule, IBatchSource batches, TrainingConfig config,
        LossScaler? scaler = null, GradientExchange? exchange = null)
    {
        (_model, _optimizer, _schedule, _batches, _config, _scaler) = (model, optimizer, schedule, batches, config, scaler);
        _exchange = exchange;
        _ranks = exchange?.Ranks ?? new AloneCollective();
        Clock = new StepClock(model.Device);
        (_optimizer.OnUpdated, _optimizer.OnGathered) = (Clock.OptimizerDone, Clock.ExchangeDone);
        _sequences = new SequenceReader(batches);
        _sizes = new StepSizes(config, batches.BatchSize * config.GradientAccumulationSteps);
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

    /// <summary>Tokens that update number <paramref name="step"/>, counted from 0, reads.</summary>
    public long TokensAt(long step) => (long)_sizes.SequencesAt(step) * _batches.ContextLength;

    /// <summary>Sequences whose gradients are computed at once, a divisor of the batch size.</summary>
    public int MicroBatch { get; private set; }

    /// <summary>Sets how many sequences are computed at once.</summary>
    public void UseMicroBatch(int sequences)
    {
        if (sequences < 1 || _batches.BatchSize % sequences != 0) throw new ArgumentOutOfRangeException(nameof(sequences), sequences, "It must divide the batch.");
        MicroBatch = sequences;
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
            catch (Exception e) when (onHalved is not null && MemoryExhaustion.Caused(e) && MicroBatch > 1 && _exchange is not { Begun: > 0 }) // what others have is not taken back
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
        if (_exchange is not null)
        {
            _exchange.Finish();
            _ranks.AllReduce(loss);
            Clock.ExchangeDone();
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
        _sequences.Dispose();
        _share?.Dispose();
    }

    /// <summary>Adds up the gradients of all parts of this rank's stretch.</summary>
    /// <returns>Its share of the mean loss; null where it was stopped.</returns>
    private Tensor? AccumulateGradients(long step, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        Tensor mean = zeros([], ScalarType.Float64, _model.Device);
        int sequences = _sizes.SequencesAt(step), pieces = _sizes.PiecesAt(step);
        Stretch own = new Stretch(0, sequences).Part(_ranks.Rank, _ranks.WorldSize);
        int parts = (own.Count + MicroBatch - 1) / MicroBatch;
        if (Faults.FailsAllocation(step + 1, Halvings())) zeros(1L << 50, ScalarType.Float32, _model.Device);
        _exchange?.Clear();
        for (int part = 0; part < parts; part++)
        {
            if (cancel.IsCancellationRequested && part > 0) return null;
            using var partScope = NewDisposeScope();
            Stretch rows = own.Part(part, parts);
            double divisor = (double)sequences / rows.Count;
            using Batch batch = _sequences.Read(_sizes.SequencesBefore(step) + rows.First, rows.Count);
            Clock.DataDone();
            _model.OnBlockGradients = _exchange is not null && part == parts - 1 ? _exchange.Finished : null;
            Tensor loss = _model.AccumulateGradients(Cut(batch.Inputs, pieces), Cut(batch.Targets, pieces), ScaleOf(step, divisor), SeedDropout(step, PlaceOf(part, parts, rows, sequences)),
                _config.ActivationCheckpointing, _config.ZLoss, Clock.ForwardDone);
            mean.Accumulate(divisor != 1 ? loss.DividedBy(divisor) : loss);
            Clock.BackwardDone();
        }
        _model.OnBlockGradients = null;
        return mean.MoveToOuterDisposeScope();
    }

    /// <summary>(rows, T) to (rows · pieces, T / pieces).</summary>
    private static Tensor Cut(Tensor ids, int pieces) => pieces == 1 ? ids : ids.reshape(ids.shape[0] * pieces, ids.shape[1] / pieces);

    /// <summary>How often parts have become smaller, in whichever process.</summary>
    private int Halvings()
    {
        int count = 0;
        for (int rows = _batches.BatchSize; rows > MicroBatch; rows = HalfOf(rows)) count++;
        return count;
    }

    private int HalfOf(int sequences) => Training.MicroBatch.Divisors(_batches.BatchSize).Last(divisor => divisor <= sequences / 2);

    private Tensor? ScaleOf(long step, double divisor)
    {
        Tensor? share = ShareOf(divisor);
        Tensor? scale = _scaler is null ? share : share is null ? _scaler.Scale : _scaler.Scale.mul(share);
        return Faults.SpoilsGradients(step + 1) ? (scale ?? ones([], ScalarType.Float32, _model.Device)).Times(double.NaN) : scale;
    }

    /// <summary>The share of a part in the gradient, a scalar on the device that is kept for the next parts; null is 1.</summary>
    private Tensor? ShareOf(double divisor)
    {
        if (divisor == _divisor) return _share;
        _share?.Dispose();
        (_share, _divisor) = (divisor == 1 ? null : ones([], ScalarType.Float32, _model.Device).DividedBy(divisor).DetachFromDisposeScope(), divisor);
        return _share;
    }

    private void ClearGradients()
    {
        foreach (TorchSharp.Modules.Parameter parameter in _model.parameters()) parameter.grad = null;
    }

    private Action<int>? SeedDropout(long step, int place) =>
        _model.Config.Dropout > 0 ? layer => DropoutSeed.Apply(_config.Seed, step, place, layer, _model.Device) : null;

    /// <summary>
    /// What dropout of a part is seeded by: its number among the parts of the whole step where all ranks have equal ones, so that it does not matter which
    /// rank computes it; else its first sequence, counted from -1 downwards.
    /// </summary>
    private int PlaceOf(int part, int parts, Stretch rows, int sequences)
    {
        if (_ranks.WorldSize == 1) return part;
        bool areEqual = sequences % _ranks.WorldSize == 0 && sequences / _ranks.WorldSize % parts == 0 && MicroBatch == _batches.BatchSize;
        return areEqual ? rows.First / rows.Count : -1 - rows.First;
    }
}
