using TorchLm.Core.Configuration;

namespace TorchLm.Core.Optimization;

/// <summary>The learning rate of each step: a linear rise, then a cosine's half wave (Loshchilov and Hutter 2017) or a constant.</summary>
public sealed class LearningRateSchedule
{
    private readonly OptimizerConfig _config;
    private readonly int _steps;

    /// <summary>Makes the schedule of a run.</summary>
    /// <param name="config">Rates, warm-up and kind.</param>
    /// <param name="steps">Updates in the whole run; the minimum is reached at the last one.</param>
    public LearningRateSchedule(OptimizerConfig config, int steps)
    {
        _config = config;
        _steps = steps;
    }

    /// <summary>
    /// The rate of update number <paramref name="step"/>, counted from 0. The first warm-up step has 1/warm-up of the full rate (a rate of 0 would
    /// waste it), the first after the warm-up has all of it, the last step has the minimum.
    /// </summary>
    public double At(long step)
    {
        if (step < _config.WarmupSteps) return _config.LearningRate * (step + 1) / _config.WarmupSteps;
        if (_config.Schedule == "constant") return _config.LearningRate;
        long decaySteps = Math.Max(1, _steps - 1 - _config.WarmupSteps);
        double progress = Math.Min(1, (double)(step - _config.WarmupSteps) / decaySteps);
        double share = 0.5 * (1 + Math.Cos(Math.PI * progress));
        return _config.MinLearningRate + share * (_config.LearningRate - _config.MinLearningRate);
    }
}
