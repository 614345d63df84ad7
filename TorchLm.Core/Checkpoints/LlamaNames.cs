using TorchLm.Core.Configuration;

namespace TorchLm.Core.Checkpoints;

/// <summary>Hugging Face's names for Llama's weights. This is the only place where they meet the model's own.</summary>
/// <remarks>Queries, keys and values, and the MLP's gates and values, are tensors of their own there: rows of one here.</remarks>
public static class LlamaNames
{
    /// <summary>The token embedding, (V, C).</summary>
    public const string Tokens = "model.embed_tokens.weight";

    /// <summary>An output head of its own, (V, C).</summary>
    public const string Head = "lm_head.weight";

    internal static IEnumerable<StoredWeight> Of(ModelConfig config)
    {
        long c = config.EmbeddingSize, f = config.MlpWidth, keys = (long)config.KeyValueHeads * config.HeadSize;
        yield return new StoredWeight(Tokens, [config.VocabularySize, c], "tokens.weight");
        if (config.Positions == ModelConfig.LearnedPositions)
        {
            yield return new StoredWeight("model.embed_positions.weight", [config.ContextLength, c], "positions.weight");
        }
        if (config.EmbeddingNorm) foreach (StoredWeight weight in Norm("embeddingNorm", "model.embed_norm")) yield return weight;
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = $"blocks.{i}", foreign = $"model.layers.{i}", qkv = $"{own}.attention.qkv", expand = $"{own}.mlp.expand";
            foreach (StoredWeight weight in OwnWeights.OfBlock(config, own, foreign, "self_attn")) yield return weight;
            foreach (StoredWeight weight in Norm($"{own}.attentionNorm", $"{foreign}.input_layernorm")) yield return weight;
            foreach (StoredWeight weight in Linear(qkv, $"{foreign}.self_attn.q_proj", c, c)) yield return weight;
            foreach (StoredWeight weight in Linear(qkv, $"{foreign}.self_attn.k_proj", c, keys, c)) yield return weight;
            foreach (StoredWeight weight in Linear(qkv, $"{foreign}.self_attn.v_proj", c, keys, c + keys)) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.attention.output", $"{foreign}.self_attn.o_proj", c, c)) yield return weight;
            foreach (StoredWeight weight in Norm($"{own}.mlpNorm", $"{foreign}.post_attention_layernorm")) yield return weight;
            if (config.IsGated) foreach (StoredWeight weight in Linear(expand, $"{foreign}.mlp.gate_proj", c, f)) yield return weight;
            foreach (StoredWeight weight in Linear(expand, $"{foreign}.mlp.up_proj", c, f, config.IsGated ? f : 0)) yield return weight;
            foreach (StoredWeight weight in Linear($"{own}.mlp.project", $"{foreign}.mlp.down_proj", f, c)) yield return weight;
        }
        if (config.NormPlacement == ModelConfig.PreNorm) foreach (StoredWeight weight in Norm("finalNorm", "model.norm")) yield return weight;
        if (!config.TiedHead) yield return new StoredWeight(Head, [config.VocabularySize, c], "head.weight");

        IEnumerable<StoredWeight> Norm(string own, string foreign)
        {
            if (config.NormGain) yield return new(foreign + ".weight", [c], own + ".weight");
            if (config.Bias && config.Norm == ModelConfig.LayerNorm) yield return new(foreign + ".bias", [c], own + ".bias");
        }

        IEnumerable<StoredWeight> Linear(string own, string foreign, long inputs, long outputs, long firstRow = 0)
        {
            yield return new(foreign + ".weight", [outputs, inputs], own + ".weight", FirstRow: firstRow);
            if (config.Bias) yield return new(foreign + ".bias", [outputs], own + ".bias", FirstRow: firstRow);
        }
    }
}
