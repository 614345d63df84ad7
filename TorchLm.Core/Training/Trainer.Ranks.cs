using System.Text.Json;
using TorchLm.Core.Distributed;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

public sealed partial class Trainer
{
    private readonly ICollective _ranks;
    private readonly Consensus _consensus;
    private readonly GradientExchange? _exchange; // where there are several
    /// <summary>Lines of metrics in which the same rank is the slowest by far, until it is reported: now and then any is.</summary>
    private const int StragglesInARow = 3;

    private int? _straggler; // of the last lines of metrics
    private int _straggled; // of so many

    private bool IsFirst => _ranks.Rank == 0;

    /// <summary>What this process would do for reasons that other ranks cannot see.</summary>
    private readonly record struct Wishes(bool Cancel, bool NotSaved, bool NoTimeForEvaluation, bool NoTimeForStep);

    /// <summary>
    /// What all ranks do next; what one of them wishes, all do. On a GPU, where asking waits for the device, they ask at steps that are logged.
    /// </summary>
    private Wishes Agree(CancellationToken cancel)
    {
        if (_ranks.WorldSize > 1 && !AsksEachStep && _model.Device.type == TorchSharp.DeviceType.CUDA && _state.Step % _config.Training.LogInterval != 0
            && _state.Step < _config.Training.Steps) return default;
        bool[] any = _consensus.Any(cancel.IsCancellationRequested, Failure is not null && _config.Training.OnSaveFailure == Configuration.TrainingConfig.Stop,
            _time?.AllowsAnotherStep(evaluates: true) == false, _time?.AllowsAnotherStep(IsEvaluated(_state.Step + 1)) == false);
        return new Wishes(any[0], any[1], any[2], any[3]);
    }

    /// <summary>Whether to stop in the middle of a step or of an evaluation: a rank that is not alone must not.</summary>
    private CancellationToken Within(CancellationToken cancel) => _ranks.WorldSize == 1 ? cancel : CancellationToken.None;

    /// <summary>Begins where rank 0 begins.</summary>
    private void ShareBeginning()
    {
        if (_ranks.WorldSize == 1) return;
        string? data = _state.DataHash;
        _state = Share(_state);
        if (data != _state.DataHash) throw new InputException($"Rank {_ranks.Rank} has other data than rank 0: put the same files there.");
        if (IsFirst) return;
        if (_state.Step > 0) _savedStep = _safeStep = _state.Step;
        TakeUp();
    }

    /// <summary>Goes on as the state says.</summary>
    private void TakeUp()
    {
        if (_state.MicroBatch is { } rows && _config.Training.BatchSize % rows == 0) _step.UseMicroBatch(rows);
        _step.LearningRateFactor = _state.LearningRateFactor;
        _secondsAtLastLog = _state.TrainingSeconds;
    }

    /// <summary>Gives rank 0's state, weights and moments to all.</summary>
    /// <param name="state">Rank 0's; what others have is of no account.</param>
    private TrainingState Share(TrainingState state)
    {
        if (_ranks.WorldSize == 1) return state;
        state = JsonSerializer.Deserialize<TrainingState>(_consensus.OfFirst(JsonSerializer.SerializeToUtf8Bytes(state)))!;
        using var noGradient = no_grad();
        foreach (Tensor tensor in _model.parameters()) _ranks.Broadcast(tensor, 0);
        _optimizer.Share(_ranks);
        if (!IsFirst) _optimizer.RestoreCounts(state.Step, state.SkippedUpdates);
        return state;
    }

    /// <summary>Compares the ranks' speeds, and reports one that holds the others up; null where there is one rank or no measurement.</summary>
    private RankSpeeds? MeasureSpeeds(StepPhases? phases)
    {
        if (_ranks.WorldSize == 1 || phases is null) return null;
        // Shares may differ by a sequence: times are compared for equal ones.
        int sequences = (int)(_step.TokensAt(_state.Step - 1) / _model.Config.ContextLength);
        double share = sequences / (double)_ranks.WorldSize / new Stretch(0, sequences).Part(_ranks.Rank, _ranks.WorldSize).Count;
        var speeds = new RankSpeeds(_consensus.Gather(phases.Own * share), _step.TokensAt(_state.Step - 1));
        int? straggler = speeds.Straggler(_config.Training.StragglerFactor);
        _straggled = straggler is null ? 0 : straggler == _straggler ? _straggled + 1 : 1;
        _straggler = straggler;
        if (_straggled == StragglesInARow)
        {
            Report(_state.Step, IncidentKind.Straggler, $"Step {_state.Step:N0}: rank {straggler} holds the others up: its part of a step takes " +
                $"{speeds.SlowestMilliseconds:0.#} ms, the fastest rank's {speeds.FastestMilliseconds:0.#} ms.");
        }
        return speeds;
    }
}
