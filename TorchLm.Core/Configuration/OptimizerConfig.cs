namespace TorchLm.Core.Configuration;

/// <summary>How weights are updated. The defaults are nanoGPT's for small models.</summary>
public sealed record OptimizerConfig
{
    /// <summary>The algorithm: <c>adamw</c> (Loshchilov and Hutter 2019).</summary>
    [OneOf("adamw")]
    public string Name { get; init; } = "adamw";

    /// <summary>The highest rate, reached at the end of the warm-up.</summary>
    [InRange(0, 100)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The rate at the last step of the schedule.</summary>
    [InRange(0, HighIs = nameof(LearningRate))]
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Updates over which the rate rises linearly from near 0.</summary>
    [AtLeast(0)]
    public int WarmupSteps { get; init; } = 100;

    /// <summary>What follows the warm-up: <c>cosine</c> down to the minimum, or <c>constant</c>.</summary>
    [OneOf("cosine", "constant")]
    public string Schedule { get; init; } = "cosine";

    /// <summary>Decoupled decay per update, multiplied by the rate; only for tensors of two or more dimensions.</summary>
    [InRange(0, 100)]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay of the gradient's running mean.</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean.</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Added to the denominator of the update.</summary>
    [InRange(0, 1, LowIncluded = false)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The gradient's global L2 norm is clipped to this; 0 turns clipping off.</summary>
    [InRange(0)]
    public double GradientClip { get; init; } = 1.0;

    /// <summary>Refuses impossible combinations.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate() => SettingRuleAttribute.CheckAll("optimizer", this);
}
