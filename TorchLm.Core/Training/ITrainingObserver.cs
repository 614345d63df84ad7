using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>What is known of training at a logged step.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="TrainLoss">Mean loss in nats per token since the last logged step.</param>
/// <param name="LearningRate">The rate of this update.</param>
/// <param name="GradientNorm">The gradient's norm before clipping at this update.</param>
/// <param name="TokensPerSecond">Throughput since the last logged step, evaluations and checkpoints not counted.</param>
/// <param name="ModelFlopsUtilization">The share of the device's measured peak that the model's arithmetic used, in [0, 1]; null where the peak is unknown.</param>
/// <param name="ResidentBytes">Memory of the process.</param>
public sealed record StepMetrics(long Step, long Tokens, double TrainLoss, double LearningRate, double GradientNorm, double TokensPerSecond,
    double? ModelFlopsUtilization, long ResidentBytes);

/// <summary>What an evaluation found.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Result">Loss on the fixed validation windows.</param>
/// <param name="IsBest">Whether no earlier evaluation of the run was as good.</param>
public sealed record EvaluationMetrics(long Step, Evaluation Result, bool IsBest);

/// <summary>Is told what happens in a run, on the training thread, in order.</summary>
public interface ITrainingObserver
{
    /// <summary>A step was logged.</summary>
    void OnStep(StepMetrics metrics);

    /// <summary>The model was evaluated.</summary>
    void OnEvaluation(EvaluationMetrics metrics, Gpt model);

    /// <summary>A checkpoint is safe on disk.</summary>
    void OnCheckpoint(long step, string path);
}
