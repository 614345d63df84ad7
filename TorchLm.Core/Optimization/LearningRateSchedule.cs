using TorchLm.Core.Configuration;

namespace TorchLm.Core.Optimization;

/// <summary>The learning rate of each step: a linear rise, then what the configuration says.</summary>
/// <remarks>
/// A cosine's half wave (Loshchilov and Hutter 2017), a straight line, a constant, a constant with a linear decay at the end (Hu et al. 2024,
/// "MiniCPM"), or the inverse root of the step (Vaswani et al. 2017).
/// </remarks>
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
    /// waste it), the first after the warm-up has all of it, and the last step the minimum, unless the schedule is constant or the inverse root.
    /// </summary>
    public double At(long step)
    {
        if (step < _config.WarmupSteps) return _config.LearningRate * (step + 1) / _config.WarmupSteps;
        switch (_config.Schedule)
        {
            case "constant":
                return _config.LearningRate;
            case "inverse-sqrt":
                double peak = Math.Max(1, _config.WarmupSteps);
                return Math.Max(_config.MinLearningRate, _config.LearningRate * Math.Sqrt(peak / Math.Max(peak, step)));
        }
        long decaySteps = Math.Max(1, _steps - 1 - _config.WarmupSteps);
        double progress = Math.Min(1, (double)(step - _config.WarmupSteps) / decaySteps);
        double share = _config.Schedule switch
        {
            "linear" => 1 - progress,
            "wsd" => StableThenDecaying(step),
            _ => 0.5 * (1 + Math.Cos(Math.PI * progress)),
        };
        return _config.MinLearningRate + share * (_config.LearningRate - _config.MinLearningRate);
    }

    /// <summary>1, then a straight line whose last step is 0.</summary>
    private double StableThenDecaying(long step)
    {
        long first = Math.Max(_config.WarmupSteps, _steps - (long)Math.Round(_config.DecayFraction * _steps)); // step that is below the full rate
        return step < first ? 1 : Math.Max(0, 1 - ((double)(step - first + 1) / Math.Max(1, _steps - first)));
    }
}
