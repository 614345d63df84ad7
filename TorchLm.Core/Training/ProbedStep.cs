namespace TorchLm.Core.Training;

/// <summary>How long a step takes on one device.</summary>
/// <param name="Tokens">That it reads.</param>
/// <param name="Seconds">For all of it: forward and backward pass, clipping and update.</param>
/// <param name="UpdateSeconds">For clipping and update alone; 0 where that is not known.</param>
public sealed record ProbedStep(long Tokens, double Seconds, double UpdateSeconds)
{
    /// <summary>Tokens of such steps in a second.</summary>
    public double TokensPerSecond => Tokens / Seconds;

    /// <summary>Seconds of the forward and the backward pass for each token.</summary>
    public double PassSecondsPerToken => (Seconds - UpdateSeconds) / Tokens;
}
