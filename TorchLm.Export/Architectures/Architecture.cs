using TorchLm.Core.Configuration;

namespace TorchLm.Export.Architectures;

/// <summary>
/// An architecture that other software has. What a model computes decides which one it is, and not the names that its weights have in TorchLm's files:
/// a model of the family gpt2 with rotary positions, RMSNorm and SwiGLU is a Llama.
/// </summary>
/// <param name="Name">What files call it: Hugging Face's model_type, GGUF's general.architecture.</param>
/// <param name="Family">The family whose names its weights have.</param>
/// <param name="Limits">The settings that it cannot have all values of; it has all of the others.</param>
internal sealed record Architecture(string Name, string Family, IReadOnlyList<Limit> Limits)
{
    /// <summary>Whether queries and keys are normalised, with weights of their own.</summary>
    public bool HasQkNorm => Limits.Contains(Architectures.Limits.QkNorm);

    /// <summary>The shape of a model as this architecture has it: with gains, with positions where it adds some, under its family's names.</summary>
    public ModelConfig Shape(ModelConfig model) => model with
    {
        Family = Family,
        NormGain = true,
        Positions = model.Positions == ModelConfig.Rope ? ModelConfig.Rope : ModelConfig.LearnedPositions,
    };

    /// <summary>What a model has that this architecture has not.</summary>
    public IEnumerable<Limit> Exceeded(ModelConfig model) => Limits.Where(limit => !limit.Holds(model));
}
