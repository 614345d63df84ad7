namespace TorchLm.Core.Training;

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>All steps were made.</summary>
    Finished,

    /// <summary>The validation loss did not improve for as many evaluations as the configuration's patience.</summary>
    NoImprovement,

    /// <summary>The step up to which the caller wanted to train was made.</summary>
    StepLimit,

    /// <summary>The time that was given is over.</summary>
    OutOfTime,

    /// <summary>The caller asked to stop.</summary>
    Cancelled,

    /// <summary>The numbers went wrong, and there is nothing to go back to; the state is not saved, earlier checkpoints stay.</summary>
    Diverged,

    /// <summary>The state could not be saved; earlier checkpoints stay.</summary>
    NotSaved,
}
