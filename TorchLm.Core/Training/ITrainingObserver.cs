using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>What is known of training at a logged step.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="TrainLoss">Mean loss in nats per token since the last logged step.</param>
/// <param name="LearningRate">The rate of this update.</param>
/// <param name="GradientNorm">The gradient's norm before clipping at this update.</param>
/// <param name="LossZ">
/// The highest of the losses since the last logged step, in standard deviations above the mean of the losses of late; null where there are too few for that.
/// </param>
/// <param name="SkippedUpdates">Updates of the run so far that were left out because the loss or the gradient was not finite.</param>
/// <param name="TokensPerSecond">Throughput since the last logged step, evaluations and checkpoints not counted.</param>
/// <param name="ModelFlopsUtilization">The share of the device's measured peak that the model's arithmetic used, in [0, 1]; null where the peak is unknown.</param>
/// <param name="ResidentBytes">Memory of the process.</param>
public sealed record StepMetrics(long Step, long Tokens, double TrainLoss, double LearningRate, double GradientNorm, double? LossZ, long SkippedUpdates,
    double TokensPerSecond, double? ModelFlopsUtilization, long ResidentBytes)
{
    /// <summary>Where the time of the steps since the last logged one went; null where it was not measured.</summary>
    public StepPhases? Phases { get; init; }

    /// <summary>How fast the ranks are; null where there is but one, or it was not measured.</summary>
    public RankSpeeds? Speeds { get; init; }

    /// <summary>Sizes of activations and gradients by layer; null where they were not measured.</summary>
    public LayerNorms? Layers { get; init; }

    /// <summary>Milliseconds that training waited for checkpoints since the last logged step; most of their writing goes on beside it.</summary>
    public double SavingMilliseconds { get; init; }

    /// <summary>Memory in use on the GPU, by all processes; null on a CPU.</summary>
    public long? DeviceBytes { get; init; }
}

/// <summary>What an evaluation found.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Result">Loss on the fixed validation windows.</param>
/// <param name="IsBest">Whether no earlier evaluation of the run was as good.</param>
public sealed record EvaluationMetrics(long Step, Evaluation Result, bool IsBest)
{
    /// <summary>A little text of the model; null where none was asked for.</summary>
    public string? Sample { get; init; }

    /// <summary>How long it took, the sample included.</summary>
    public TimeSpan Time { get; init; }
}

/// <summary>Is told what happens in a run, on the training thread, in order.</summary>
public interface ITrainingObserver
{
    /// <summary>An update was made, or is queued on a GPU; what it gave is not known yet.</summary>
    void OnUpdate(long step)
    {
        // Few want to hear of every one.
    }

    /// <summary>A step was logged.</summary>
    void OnStep(StepMetrics metrics);

    /// <summary>The model was evaluated.</summary>
    void OnEvaluation(EvaluationMetrics metrics, Gpt model);

    /// <summary>A checkpoint is safe on disk. It was written while training went on, so that later steps may have been reported already.</summary>
    void OnCheckpoint(long step, string path);

    /// <summary>
    /// The gradients of a step that an evaluation follows are complete: each parameter's <c>grad</c>, before clipping, in fp16 times the loss scale.
    /// </summary>
    void OnGradients(long step, Gpt model)
    {
        // Few want to look at them.
    }

    /// <summary>Something went wrong, and the run goes on.</summary>
    void OnIncident(TrainingIncident incident);
}
