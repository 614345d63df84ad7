using System.Text.Json.Serialization;
using TorchLm.Core.Optimization;

namespace TorchLm.Core.Configuration;

/// <summary>How weights are updated. The defaults are nanoGPT's for small models.</summary>
public sealed record OptimizerConfig
{
    /// <summary>
    /// The algorithm: <c>adamw</c> (Loshchilov and Hutter 2019), <c>muon</c> (Jordan et al. 2024) for the blocks' matrices with AdamW for the rest,
    /// <c>lion</c> (Chen et al. 2023), or <c>sgd</c> with momentum.
    /// </summary>
    [OneOf("adamw", "muon", "lion", "sgd")]
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

    /// <summary>
    /// What follows the warm-up: <c>cosine</c> or <c>linear</c> down to the minimum, <c>constant</c>, <c>wsd</c> (stable, then a linear decay to the
    /// minimum), or <c>inverse-sqrt</c> (falling with the root of the step).
    /// </summary>
    [OneOf("cosine", "linear", "constant", "wsd", "inverse-sqrt")]
    public string Schedule { get; init; } = "cosine";

    /// <summary>The share of all steps, the last ones, over which the rate falls in the schedule <c>wsd</c>.</summary>
    [InRange(0, 1)]
    public double DecayFraction { get; init; } = 0.2;

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

    /// <summary>
    /// Whether weights decay only where the update moves them towards zero too (Chen et al. 2025, "Cautious Weight Decay"); for <c>adamw</c> and
    /// <c>muon</c>.
    /// </summary>
    public bool Cautious { get; init; }

    /// <summary>How much of the earlier updates <c>sgd</c> carries over into each.</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>The highest rate of the matrices that Muon updates; it rises and falls in proportion to the main rate.</summary>
    [InRange(0, 100)]
    public double MuonLearningRate { get; init; } = 0.02;

    /// <summary>How much of the earlier gradients Muon carries over into each update, once its warm-up is over.</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double MuonMomentum { get; init; } = 0.95;

    /// <summary>Updates over which Muon's momentum rises linearly from 0.85, or from its final value where that is lower.</summary>
    [AtLeast(0)]
    public int MuonMomentumWarmupSteps { get; init; } = 300;

    /// <summary>Iterations that bring the singular values of Muon's updates near 1.</summary>
    [AtLeast(1), AtMost(6)]
    public int NewtonSchulzSteps { get; init; } = 5;

    /// <summary>
    /// Decay of a running mean of the weights, which is what evaluations and samples use and checkpoints hold (beside the trained ones); 0 keeps
    /// none. At step t the decay is (1 + t) / (10 + t) where that is less.
    /// </summary>
    [InRange(0, 1, HighIncluded = false)]
    public double AverageDecay { get; init; }

    /// <summary>What the rate is multiplied by for token, position and other embeddings, a tied output head among them.</summary>
    [InRange(0, 1000)]
    public double EmbeddingRateFactor { get; init; } = 1;

    /// <summary>What the rate is multiplied by for an output head of its own.</summary>
    [InRange(0, 1000)]
    public double HeadRateFactor { get; init; } = 1;

    /// <summary>What the rate is multiplied by for biases, gains and other small parameters.</summary>
    [InRange(0, 1000)]
    public double VectorRateFactor { get; init; } = 1;

    /// <summary>Whether ranks can share the state and the updates: Muon orthogonalises whole matrices, which shares cut up.</summary>
    [JsonIgnore]
    public bool CanShard => Name != "muon";

    /// <summary>What the rate is multiplied by for parameters of a role.</summary>
    internal double RateFactor(ParameterRole role) => role switch
    {
        ParameterRole.Embedding => EmbeddingRateFactor,
        ParameterRole.Head => HeadRateFactor,
        ParameterRole.Vector => VectorRateFactor,
        _ => 1,
    };

    /// <summary>Numbers that a checkpoint holds for each weight besides itself, at the most: Muon keeps one fewer for its matrices.</summary>
    internal int StateNumbers() => (Name is "lion" or "sgd" ? 1 : 2) + (AverageDecay > 0 ? 1 : 0);

    /// <summary>
    /// Numbers that an optimiser keeps in memory for each weight, at the most: its state, and the updates that all but AdamW write out first.
    /// </summary>
    internal int MemoryNumbers() => StateNumbers() + (Name == "adamw" ? 0 : 1) + (Cautious ? 2 : 0);

    /// <summary>Refuses impossible combinations.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate()
    {
        SettingRuleAttribute.CheckAll("optimizer", this);
        Rule.Holds(!Cautious || Name is "adamw" or "muon", "optimizer.cautious", Cautious,
            $"only adamw and muon have it, and optimizer.name is {Name}");
        Rule.Holds(Name != "muon" || LearningRate > 0, "optimizer.learningRate", LearningRate,
            "with muon it must be above 0, for Muon's own rate follows it");
    }
}
