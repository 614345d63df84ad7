using TorchLm.Core.Configuration;

namespace TorchLm.Core.Checkpoints;

/// <summary>Weights that neither GPT-2 nor Llama has, under TorchLm's own names.</summary>
internal static class OwnWeights
{
    /// <summary>Those of a block.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="own">The block's path in the model.</param>
    /// <param name="foreign">Its path in the file.</param>
    /// <param name="attention">What its attention is called there.</param>
    public static IEnumerable<StoredWeight> OfBlock(ModelConfig config, string own, string foreign, string attention)
    {
        if (config.EmbeddingShortcuts)
        {
            yield return new StoredWeight($"{foreign}.shortcut.keep", [1], $"{own}.shortcut.keep");
            yield return new StoredWeight($"{foreign}.shortcut.add", [1], $"{own}.shortcut.add");
        }
        if (config.ConvolutionWidth > 0)
        {
            yield return new StoredWeight($"{foreign}.attention_conv.weight", [config.ConvolutionWidth, config.EmbeddingSize], $"{own}.attentionConvolution.weight");
            yield return new StoredWeight($"{foreign}.mlp_conv.weight", [config.ConvolutionWidth, config.EmbeddingSize], $"{own}.mlpConvolution.weight");
        }
        if (!config.ValueEmbeddings) yield break;
        yield return new StoredWeight($"{foreign}.{attention}.value_embedding.weight", [config.VocabularySize, (long)config.KeyValueHeads * config.HeadSize],
            $"{own}.attention.values.embedding.weight");
        yield return new StoredWeight($"{foreign}.{attention}.value_embedding.share", [1], $"{own}.attention.values.share");
    }
}
