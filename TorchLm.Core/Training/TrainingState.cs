namespace TorchLm.Core.Training;

/// <summary>
/// Where a run stands, besides weights and moments: the content of a checkpoint's state.json. Data and dropout need no
/// position of their own: a batch follows from its number, and dropout is seeded anew at each step.
/// </summary>
public sealed record TrainingState
{
    /// <summary>The layout that this program writes.</summary>
    internal const int CurrentFormat = 2;

    /// <summary>Version of this file's layout.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>Updates made.</summary>
    public long Step { get; init; }

    /// <summary>Tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>Lowest validation loss so far in nats per token; null before the first evaluation.</summary>
    public double? BestLoss { get; init; }

    /// <summary>The step that <see cref="BestLoss"/> was measured after; null where that is the untrained model, which no checkpoint is made of.</summary>
    public long? BestStep { get; init; }

    /// <summary>Evaluations since the best one.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>Whether this step's evaluation was interrupted and is to be made before anything else.</summary>
    public bool EvaluationDue { get; init; }

    /// <summary>Seconds spent in training steps.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Sum of the losses since the last line of metrics, those that are no number left out.</summary>
    public double PendingLoss { get; init; }

    /// <summary>How many losses are in <see cref="PendingLoss"/>.</summary>
    public int PendingSteps { get; init; }

    /// <summary>The highest z-score among the losses since the last line of metrics; null where none has one.</summary>
    public double? PendingLossZ { get; init; }

    /// <summary>What losses have been of late, against which a spike stands out.</summary>
    public LossTrend Trend { get; init; } = new();

    /// <summary>Steps whose update was left out because the loss or the gradient was not finite.</summary>
    public long SkippedUpdates { get; init; }

    /// <summary>How many of the last steps, without a good one between, were left out.</summary>
    public int SkippedInARow { get; init; }

    /// <summary>How often the run went back to an earlier checkpoint.</summary>
    public int Rollbacks { get; init; }

    /// <summary>The step that the last rollback went back to, until an update succeeds; null otherwise.</summary>
    public long? RolledBackTo { get; init; }

    /// <summary>What the schedule's learning rate is multiplied by: each rollback halves it.</summary>
    public double LearningRateFactor { get; init; } = 1;

    /// <summary>Sequences that are computed at once, where memory did not suffice for a whole micro-batch; null where it does.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>SHA-256 of the configuration's parts that decide the weights.</summary>
    public string? ConfigHash { get; init; }

    /// <summary>What the run's data was recognised by; null where it has nothing of that kind.</summary>
    public string? DataHash { get; init; }

    /// <summary>SHA-256 of the files beside this one, by name.</summary>
    public IReadOnlyDictionary<string, string> Checksums { get; init; } = new Dictionary<string, string>();

    /// <summary>SHA-256 of this file with zeros in this place; since format version 2.</summary>
    public string? Checksum { get; init; }
}
