using System.Diagnostics;

namespace TorchLm.Core.Training;

public sealed partial class Trainer
{
    /// <summary>Evaluates, and saves what is better than all before; the untrained model sets the mark but is not worth saving.</summary>
    private void Evaluate(CancellationToken cancel)
    {
        if (Judge(cancel)) Save(isBest: true);
    }

    /// <summary>Evaluates the model, or the running mean of its weights where one is kept.</summary>
    /// <returns>Whether it is worth saving.</returns>
    private bool Judge(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using IDisposable? shown = _optimizer.Average?.Shown();
        Evaluation result;
        try
        {
            result = Measure(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _state = _state with { EvaluationDue = true };
            return false;
        }
        bool isFinite = double.IsFinite(result.Loss), isBest = isFinite && !(result.Loss >= _state.BestLoss);
        if (!isFinite) _divergence = "the validation loss is not finite";
        _state = _state with
        {
            EvaluationDue = false,
            BestLoss = isBest ? result.Loss : _state.BestLoss,
            BestStep = !isBest ? _state.BestStep : _state.Step > 0 ? _state.Step : null,
            EvaluationsSinceBest = isBest ? 0 : _state.EvaluationsSinceBest + 1,
        };
        var metrics = new EvaluationMetrics(_state.Step, result, isBest) { Sample = Sampler?.Invoke(), Time = Stopwatch.GetElapsedTime(start) };
        foreach (ITrainingObserver observer in Observers) observer.OnEvaluation(metrics, _model);
        _time?.EvaluationTook(Stopwatch.GetElapsedTime(start));
        return isBest && _state.Step > 0;
    }

    private Evaluation Measure(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return Evaluator.Evaluate(_model, _validation, _state.MicroBatch ?? int.MaxValue, ranks: _ranks, cancel: Within(cancel));
            }
            catch (Exception e) when (MemoryExhaustion.Caused(e) && _step.MicroBatch > 1)
            {
                int before = _step.MicroBatch;
                _step.Halve();
                OnHalved(_state.Step, before);
            }
        }
    }
}
