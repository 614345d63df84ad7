using TorchLm.Core.Configuration;

namespace TorchLm.Core.Checkpoints;

/// <summary>Hugging Face's names for GPT-2's weights. This is the only place where they meet the model's own.</summary>
/// <remarks>
/// The linear layers of a block are kept as "Conv1D", [in, out]. A model with LayerNorm and without biases is written with zero ones, because the
/// architecture has them.
/// </remarks>
public static class Gpt2Names
{
    /// <summary>The token embedding, (V, C), which is the output head too where that is tied.</summary>
    public const string Tokens = "transformer.wte.weight";

    /// <summary>The learned positions, (T, C).</summary>
    public const string Positions = "transformer.wpe.weight";

    /// <summary>An output head of its own, (V, C).</summary>
    public const string Head = "lm_head.weight";

    internal static IEnumerable<StoredWeight> Of(ModelConfig config)
    {
        long c = config.EmbeddingSize, f = config.MlpWidth;
        bool zeroBiases = config.Norm == ModelConfig.LayerNorm;
        yield return new StoredWeight(Tokens, [config.VocabularySize, c], "tokens.weight");
        if (config.Positions == ModelConfig.LearnedPositions) yield return new StoredWeight(Positions, [config.ContextLength, c], "positions.weight");
        if (config.EmbeddingNorm) foreach (StoredWeight weight in Norm("embeddingNorm", "transformer.ln_e")) yield return weight;
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = $"blocks.{i}", foreign = $"transformer.h.{i}";
            foreach (StoredWeight weight in OwnWeights.OfBlock(config, own, foreign, "attn")) yield return weight;
            foreach (StoredWeight weight in Norm($"{own}.attentionNorm", $"{foreign}.ln_1")) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.attention.qkv", $"{foreign}.attn.c_attn", c, config.QkvSize)) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.attention.output", $"{foreign}.attn.c_proj", c, c)) yield return weight;
            foreach (StoredWeight weight in Norm($"{own}.mlpNorm", $"{foreign}.ln_2")) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.mlp.expand", $"{foreign}.mlp.c_fc", c, config.IsGated ? 2 * f : f)) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.mlp.project", $"{foreign}.mlp.c_proj", f, c)) yield return weight;
        }
        if (config.NormPlacement == ModelConfig.PreNorm) foreach (StoredWeight weight in Norm("finalNorm", "transformer.ln_f")) yield return weight;
        if (!config.TiedHead) yield return new StoredWeight(Head, [config.VocabularySize, c], "head.weight");

        IEnumerable<StoredWeight> Norm(string own, string foreign)
        {
            if (config.NormGain) yield return new(foreign + ".weight", [c], own + ".weight");
            if (zeroBiases && (config.NormGain || config.Bias)) yield return new(foreign + ".bias", [c], own + ".bias");
        }

        IEnumerable<StoredWeight> Linear(string own, string foreign, long inputs, long outputs)
        {
            yield return new(foreign + ".weight", [inputs, outputs], own + ".weight", Transposed: true);
            if (zeroBiases || config.Bias) yield return new(foreign + ".bias", [outputs], own + ".bias");
        }
    }
}
