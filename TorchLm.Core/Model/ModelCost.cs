using TorchLm.Core.Configuration;

namespace TorchLm.Core.Model;

/// <summary>What a model costs: parameters and arithmetic.</summary>
public static class ModelCost
{
    /// <summary>Numbers in the model, padding rows of the vocabulary not counted.</summary>
    public static long Parameters(ModelConfig config)
    {
        long c = config.EmbeddingSize;
        long norm = config.Bias ? 2 * c : c;
        long biases = config.Bias ? 3 * c + c + 4 * c + c : 0;
        long block = 12 * c * c + biases + 2 * norm;
        return (config.VocabularySize + config.ContextLength) * c + config.LayerCount * block + norm;
    }

    /// <summary>
    /// Floating-point operations per trained token, forward and backward: 6·N + 12·L·C·T, N without position embeddings
    /// (PaLM, Chowdhery et al. 2022, appendix B; nanoGPT's estimate_mfu).
    /// </summary>
    public static double TrainingFlopsPerToken(ModelConfig config) =>
        6.0 * (Parameters(config) - (long)config.ContextLength * config.EmbeddingSize)
        + 12.0 * config.LayerCount * config.EmbeddingSize * config.ContextLength;
}
