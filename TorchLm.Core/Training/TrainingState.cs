namespace TorchLm.Core.Training;

/// <summary>
/// Where a run stands, besides weights and moments: the content of a checkpoint's state.json. Data and dropout need no
/// position of their own: a batch follows from its number, and dropout is seeded anew at each step.
/// </summary>
public sealed record TrainingState
{
    /// <summary>Version of this file's layout.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>Updates made.</summary>
    public long Step { get; init; }

    /// <summary>Tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>Lowest validation loss so far in nats per token; null before the first evaluation.</summary>
    public double? BestLoss { get; init; }

    /// <summary>Evaluations since the best one.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>Whether this step's evaluation was interrupted and is to be made before anything else.</summary>
    public bool EvaluationDue { get; init; }

    /// <summary>Seconds spent in training steps.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Sum of the micro-batch losses since the last line of metrics.</summary>
    public double PendingLoss { get; init; }

    /// <summary>Updates since the last line of metrics.</summary>
    public int PendingSteps { get; init; }

    /// <summary>SHA-256 of the configuration's parts that decide the weights.</summary>
    public string? ConfigHash { get; init; }

    /// <summary>SHA-256 of the files beside this one, by name.</summary>
    public IReadOnlyDictionary<string, string> Checksums { get; init; } = new Dictionary<string, string>();
}
