using TorchLm.Core.Configuration;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>A block's own embedding of tokens, a learned share of which attention's values get (modded-nanogpt, Jordan et al. 2024).</summary>
internal sealed class ValueEmbedding : nn.Module<Tensor, ScalarType, Tensor>
{
    private readonly Embedding embedding;
    private readonly Parameter share;

    public ValueEmbedding(ModelConfig config, InitialWeights initial) : base(nameof(ValueEmbedding))
    {
        embedding = new Embedding(initial.Embeddings(config.VocabularySize, config.KeyValueHeads * config.HeadSize, config.PaddedVocabularySize));
        share = initial.Ones(1);
        RegisterComponents();
    }

    /// <summary>Ids (B, T) to what is added to values, (B, T, K·D) of a type.</summary>
    public override Tensor forward(Tensor ids, ScalarType type)
    {
        Tensor added = embedding.forward(ids).mul(share);
        return type == ScalarType.Float32 ? added : added.to(type);
    }
}
