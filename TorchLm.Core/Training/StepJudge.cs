using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

/// <summary>Judges each step by its loss and its gradient: counts updates that were left out, notices spikes, and says when a run has diverged.</summary>
/// <param name="config">What is too much.</param>
/// <param name="scalesLoss">Whether a loss scale is being tried out, which leaves updates out as a matter of course.</param>
/// <param name="report">Told the step, the kind and a sentence.</param>
internal sealed class StepJudge(TrainingConfig config, bool scalesLoss, Action<long, IncidentKind, string> report)
{
    private string? _divergence;

    /// <summary>The state of a run after another step, counted from 1.</summary>
    public TrainingState Take(TrainingState state, StepOutcome outcome, long step)
    {
        if (double.IsFinite(outcome.Loss)) state = TakeLoss(state, outcome.Loss, step);
        if (outcome.IsGood) return state with { SkippedInARow = 0, RolledBackTo = null };

        state = state with { SkippedUpdates = state.SkippedUpdates + 1, SkippedInARow = state.SkippedInARow + 1 };
        if (scalesLoss) return state;
        string what = double.IsFinite(outcome.Loss) ? $"its gradient norm is {outcome.GradientNorm}" : $"its loss is {outcome.Loss}";
        report(step, IncidentKind.SkippedUpdate, $"Step {step:N0}: the update is skipped, for {what} ({state.SkippedUpdates:N0} skipped so far).");
        if (state.SkippedInARow >= config.SkipLimit)
        {
            _divergence = $"the loss or the gradient was not finite in {state.SkippedInARow} updates in a row, up to step {step:N0}";
        }
        return state;
    }

    /// <summary>Why the steps since the last call mean that the run has diverged; null where they do not.</summary>
    public string? TakeDivergence()
    {
        string? divergence = _divergence;
        _divergence = null;
        return divergence;
    }

    private TrainingState TakeLoss(TrainingState state, double loss, long step)
    {
        double? z = state.Trend.ScoreOf(loss);
        if (z > config.SpikeThreshold && config.SpikeThreshold > 0)
        {
            report(step, IncidentKind.LossSpike, $"Step {step:N0}: a loss spike, {loss:0.000} after a mean of {state.Trend.Mean:0.000} ({z:0.0} standard deviations above it).");
        }
        return state with
        {
            PendingLoss = state.PendingLoss + loss,
            PendingSteps = state.PendingSteps + 1,
            PendingLossZ = z is { } score ? Math.Max(score, state.PendingLossZ ?? double.MinValue) : state.PendingLossZ,
            Trend = state.Trend.With(loss),
        };
    }
}
