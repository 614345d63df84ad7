namespace TorchLm.Core.Configuration;

/// <summary>How weights are updated. The defaults are nanoGPT's for small models.</summary>
public sealed record OptimizerConfig
{
    /// <summary>The algorithm: <c>adamw</c> (Loshchilov and Hutter 2019).</summary>
    public string Name { get; init; } = "adamw";

    /// <summary>The highest rate, reached at the end of the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The rate at the last step of the schedule.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Updates over which the rate rises linearly from near 0.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>What follows the warm-up: <c>cosine</c> down to the minimum, or <c>constant</c>.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>Decoupled decay per update, multiplied by the rate; only for tensors of two or more dimensions.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay of the gradient's running mean.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Added to the denominator of the update.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The gradient's global L2 norm is clipped to this; 0 turns clipping off.</summary>
    public double GradientClip { get; init; } = 1.0;

    /// <summary>Refuses impossible combinations.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate()
    {
        Rule.OneOf("optimizer.name", Name, "adamw");
        Rule.InRange("optimizer.learningRate", LearningRate, 0, 100);
        Rule.InRange("optimizer.minLearningRate", MinLearningRate, 0, LearningRate);
        Rule.AtLeast("optimizer.warmupSteps", WarmupSteps, 0);
        Rule.OneOf("optimizer.schedule", Schedule, "cosine", "constant");
        Rule.InRange("optimizer.weightDecay", WeightDecay, 0, 100);
        Rule.InRange("optimizer.beta1", Beta1, 0, 1, upperIncluded: false);
        Rule.InRange("optimizer.beta2", Beta2, 0, 1, upperIncluded: false);
        Rule.InRange("optimizer.epsilon", Epsilon, 0, 1, lowerIncluded: false);
        Rule.InRange("optimizer.gradientClip", GradientClip, 0, double.MaxValue);
    }
}
