using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>Learning rates by width in the maximal update parametrisation (Yang et al. 2022, "Tensor Programs V", table 8).</summary>
/// <remarks>
/// A step of AdamW or Lion moves each number of a matrix by about the rate, whatever the gradient. Its rows have m times as many numbers in a model m
/// times as wide, and all of them move the output the same way, so that the rate must be 1/m for the output to move as far. Embeddings have one number
/// for each output, and keep their rate; so do vectors, and a head whose logits are divided by m.
/// A step of Muon is an orthogonal matrix times √max(1, rows / columns), which moves an output as far at every width: its rate stays.
/// Decay is decoupled, a rate times <see cref="OptimizerConfig.WeightDecay"/>: with 1/m of the rate matrices have 1/m of the decay, and who wants
/// the same decay at every width multiplies the setting by m, which multiplies that of embeddings as well.
/// </remarks>
internal static class WidthRates
{
    /// <summary>What the learning rate is multiplied by for the parameters of a role.</summary>
    public static double Factor(nn.Module model, ParameterRole role, OptimizerConfig config) =>
        model is Gpt gpt && role == ParameterRole.Matrix && config.Name != "muon" ? 1 / gpt.Config.WidthRatio : 1;
}
