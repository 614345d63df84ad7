namespace TorchLm.Core.Training;

/// <summary>What kind of thing went wrong.</summary>
public enum IncidentKind
{
    /// <summary>An update was left out because the loss or the gradient was not finite.</summary>
    SkippedUpdate,

    /// <summary>A loss lay far above those before it.</summary>
    LossSpike,

    /// <summary>The run went back to an earlier checkpoint, with a lower learning rate.</summary>
    RolledBack,

    /// <summary>Memory ran out, and micro-batches became smaller.</summary>
    OutOfMemory,

    /// <summary>A checkpoint could not be written.</summary>
    SaveFailed,

    /// <summary>Older checkpoints could not be deleted.</summary>
    NotPruned,

    /// <summary>One rank is much slower than the others, which wait for it.</summary>
    Straggler,
}

/// <summary>Something that went wrong in a run and that it survived.</summary>
/// <param name="Step">The step that it happened in, counted from 1; after <see cref="IncidentKind.RolledBack"/> the step that the run is at again.</param>
/// <param name="Kind">What it was.</param>
/// <param name="Message">One sentence for people.</param>
public sealed record TrainingIncident(long Step, IncidentKind Kind, string Message);
