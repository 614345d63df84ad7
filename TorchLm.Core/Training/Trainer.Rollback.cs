using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

public sealed partial class Trainer
{
    private const int MostRollbacks = 3;

    /// <summary>
    /// Goes back to the last checkpoint before the trouble with half the learning rate. Where the way from there led into trouble at once, an earlier one
    /// is taken. A best checkpoint that lies after it is not a part of the run any more, and is kept under another name.
    /// </summary>
    /// <returns>False where that is not wanted, or not possible.</returns>
    private bool RollBack()
    {
        ReportSave(wait: true);
        Failure = _divergence;
        if (_config.Training.OnDivergence == TrainingConfig.Stop || _state.Rollbacks >= MostRollbacks) return false;
        _ = _step.TakeOutcomes();
        long target = _consensus.OfFirst((IsFirst ? ResumePoint.LastGood(_run, _state.RolledBackTo - 1 ?? _state.Step) : null) ?? -1);
        if (target < 0) return false;
        TrainingState before = _state;
        _state = Share(IsFirst ? Checkpoint.Load(_run.StepPath(target), _model, _optimizer) : before) with
        {
            ConfigHash = before.ConfigHash,
            MicroBatch = before.MicroBatch,
            LearningRateFactor = before.LearningRateFactor / 2,
            Rollbacks = before.Rollbacks + 1,
            RolledBackTo = target,
            TrainingSeconds = before.TrainingSeconds,
        };
        _step.LearningRateFactor = _state.LearningRateFactor;
        (_secondsAtLastLog, _tokensSinceLog) = (_state.TrainingSeconds, 0);
        string? kept = IsFirst ? Abandon(before, target) : null;
        Report(target, IncidentKind.RolledBack, $"Step {before.Step:N0}: {_divergence}; the run goes back to step {target:N0}, with the learning rate halved " +
            $"(now {_state.LearningRateFactor:0.###} of what the schedule says){(kept is null ? "" : $"; the best checkpoint until now stays as '{kept}'")}.");
        (_divergence, Failure, _safeStep) = (null, null, target);
        Save(isBest: false); // at once: a resume from here on must not fall into the same hole
        return true;
    }

    /// <summary>Takes checkpoints after a step out of the run: the best one under another name, the others for good.</summary>
    /// <returns>The best one's new name, where there was one.</returns>
    private string? Abandon(TrainingState before, long target)
    {
        string? kept = null;
        try
        {
            if (before.BestStep > target && Directory.Exists(_run.StepPath(before.BestStep.Value))) kept = Path.GetFileName(_run.SetAside(before.BestStep.Value, "abandoned"));
            ResumePoint.RestoreBest(_run, _state);
            _run.DeleteAfter(target);
        }
        catch (Exception e) when (DurableFile.IsRefusal(e))
        {
            Report(target, IncidentKind.NotPruned, $"Checkpoints after step {target:N0} cannot be deleted: {e.Message.TrimEnd('.')}.");
        }
        return kept;
    }
}
