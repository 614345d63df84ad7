using TorchLm.Core.Configuration;

namespace TorchLm.Core.Model;

/// <summary>What a model costs: parameters and arithmetic.</summary>
public static class ModelCost
{
    /// <summary>Numbers in the model, padding rows of the vocabulary not counted.</summary>
    public static long Parameters(ModelConfig config)
    {
        long c = config.EmbeddingSize, heads = config.TiedHead ? 1 : 2;
        return (heads * config.VocabularySize * c) + Positions(config) + (config.LayerCount * Block(config)) + ValueEmbeddings(config)
            + (Norm(config) * ((config.EmbeddingNorm ? 1 : 0) + (config.NormPlacement == ModelConfig.PreNorm ? 1 : 0)));
    }

    /// <summary>
    /// Floating-point operations per trained token, forward and backward: 6·N + 12·L·C·T, N without what is only looked up
    /// (PaLM, Chowdhery et al. 2022, appendix B; nanoGPT's estimate_mfu), and a sliding window's length in place of T.
    /// </summary>
    public static double TrainingFlopsPerToken(ModelConfig config)
    {
        long lookedUp = Positions(config) + ValueEmbeddings(config) + (config.TiedHead ? 0 : (long)config.VocabularySize * config.EmbeddingSize);
        long seen = Enumerable.Range(0, config.LayerCount).Sum(layer => (long)Math.Min(config.WindowOf(layer) ?? int.MaxValue, config.ContextLength));
        return (6.0 * (Parameters(config) - lookedUp)) + (12.0 * config.EmbeddingSize * seen);
    }

    internal static long Positions(ModelConfig config) =>
        config.Positions == ModelConfig.LearnedPositions ? (long)config.ContextLength * config.EmbeddingSize : 0;

    private static long ValueEmbeddings(ModelConfig config) =>
        config.ValueEmbeddings ? (long)config.LayerCount * config.VocabularySize * config.KeyValueHeads * config.HeadSize : 0;

    internal static long Norm(ModelConfig config) =>
        config.EmbeddingSize * ((config.NormGain ? 1L : 0) + (config.Bias && config.Norm == ModelConfig.LayerNorm ? 1 : 0));

    /// <summary>A block's, its value embedding left out.</summary>
    internal static long Block(ModelConfig config)
    {
        long c = config.EmbeddingSize, f = config.MlpWidth, inside = config.IsGated ? 2 * f : f, qkv = config.QkvSize;
        long biases = config.Bias ? qkv + c + inside + c : 0;
        return (c * (qkv + c + inside + f)) + biases + (2 * Norm(config)) + (config.EmbeddingShortcuts ? 2 : 0)
            + (2 * config.ConvolutionWidth * c) + (config.ValueEmbeddings ? 1 : 0);
    }
}
