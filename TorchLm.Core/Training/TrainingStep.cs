using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>One update of the weights. Nothing in it waits for the device.</summary>
internal sealed class TrainingStep : IDisposable
{
    private readonly Gpt _model;
    private readonly FusedAdamW _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly IBatchSource _batches;
    private readonly TrainingConfig _config;
    private readonly Tensor _lossSum;
    private readonly Tensor? _share; // of a micro-batch in the gradient; null is 1
    private readonly LossScaler? _scaler;

    public TrainingStep(Gpt model, FusedAdamW optimizer, LearningRateSchedule schedule, IBatchSource batches, TrainingConfig config,
        LossScaler? scaler = null)
    {
        (_model, _optimizer, _schedule, _batches, _config, _scaler) = (model, optimizer, schedule, batches, config, scaler);
        _lossSum = zeros([], ScalarType.Float64, model.Device).DetachFromDisposeScope();
        if (config.GradientAccumulationSteps == 1) return;
        using var scope = NewDisposeScope();
        _share = ones([], ScalarType.Float32, model.Device).DividedBy(config.GradientAccumulationSteps).DetachFromDisposeScope();
    }

    /// <summary>Tokens that one step reads.</summary>
    public long Tokens => (long)_batches.BatchSize * _batches.ContextLength * _config.GradientAccumulationSteps;

    /// <summary>Makes update number <paramref name="step"/>, counted from 0.</summary>
    /// <returns>The gradient's norm before clipping: a scalar on the device that the caller owns.</returns>
    public Tensor Run(long step)
    {
        using var scope = NewDisposeScope();
        int accumulation = _config.GradientAccumulationSteps;
        Tensor? scale = _scaler is null ? _share : _share is null ? _scaler.Scale : _scaler.Scale.mul(_share);
        for (int micro = 0; micro < accumulation; micro++)
        {
            using var microScope = NewDisposeScope();
            using Batch batch = _batches.GetBatch(step * accumulation + micro);
            Tensor loss = _model.AccumulateGradients(batch.Inputs, batch.Targets, scale, SeedDropout(step, micro), _config.ActivationCheckpointing);
            _lossSum.Accumulate(accumulation > 1 ? loss.DividedBy(accumulation) : loss);
        }
        return _optimizer.Step(_schedule.At(step)).MoveToOuterDisposeScope();
    }

    /// <summary>The sum of the losses of all steps since the last call, which waits for the device; the sum starts anew.</summary>
    public double TakeLossSum()
    {
        using var scope = NewDisposeScope(); // zero_ gives a new wrapper
        double sum = _lossSum.item<double>();
        _lossSum.zero_();
        return sum;
    }

    public void Dispose()
    {
        _lossSum.Dispose();
        _share?.Dispose();
    }

    private Action<int>? SeedDropout(long step, int micro) =>
        _model.Config.Dropout > 0 ? part => DropoutSeed.Apply(_config.Seed, step, micro, part, _model.Device) : null;
}
