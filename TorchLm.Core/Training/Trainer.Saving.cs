using System.Diagnostics;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

public sealed partial class Trainer
{
    /// <summary>Begins a save of the present state, unless the weights are broken, which is a divergence that nothing else has shown so far.</summary>
    private void Save(bool isBest)
    {
        ReportSave(wait: true);
        using (Tensor size = GradientNorm.Of(_model.parameters()))
        {
            if (_consensus.Any(!float.IsFinite(size.item<float>()))[0])
            {
                _divergence = "the weights are not finite";
                return;
            }
        }
        if (_saver is null)
        {
            _savedStep = _safeStep = _state.Step; // as far as this rank is concerned
            if (!_optimizer.IsShared) return;
            foreach (OptimizerTensor tensor in _optimizer.Checkpointed)
            {
                using var scope = NewDisposeScope();
                _ = tensor.Read(); // which rank 0 does as well
            }
            return;
        }
        _time?.SaveBegan();
        long start = Stopwatch.GetTimestamp();
        _saver.Begin(_state, isBest);
        _savingSinceLog += Stopwatch.GetElapsedTime(start);
        _savedStep = _state.Step;
    }

    /// <summary>Tells the observers how a save went that was begun earlier.</summary>
    private void ReportSave(bool wait)
    {
        long start = Stopwatch.GetTimestamp();
        SaveResult? finished = wait ? _saver?.Finish() : _saver?.TakeFinished();
        _savingSinceLog += Stopwatch.GetElapsedTime(start);
        if (finished is not { } result) return;
        Failure = result.Failure;
        _time?.SaveTook(result.Time);
        if (result.Path is not null)
        {
            _safeStep = result.Step;
            foreach (ITrainingObserver observer in Observers) observer.OnCheckpoint(result.Step, result.Path);
            if (result.NotPruned is { } reason && !_saidNotPruned)
            {
                Report(result.Step, IncidentKind.NotPruned, $"Step {result.Step:N0} is saved, but older checkpoints cannot be deleted: {reason}.");
                _saidNotPruned = true;
            }
            return;
        }
        _savedStep = null;
        string stays = !Directory.Exists(_run.Path) ? "" : _safeStep is { } step ? $"; the checkpoint of step {step:N0} stays" : "; there is no earlier checkpoint";
        Report(result.Step, IncidentKind.SaveFailed, $"Step {result.Step:N0} is not saved: {result.Failure}{stays}.");
    }
}
