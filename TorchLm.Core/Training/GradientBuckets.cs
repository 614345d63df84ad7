using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;

namespace TorchLm.Core.Training;

/// <summary>How large the pieces are in which the gradients of a model are summed over ranks, without making the model.</summary>
/// <remarks>
/// The pieces are <see cref="GradientExchange"/>'s: whole blocks from the last one to the first, and the embeddings at the end. Where output head and
/// token embedding are one table, its gradient is finished last.
/// </remarks>
public static class GradientBuckets
{
    /// <summary>Bytes of each bucket, float32, in the order in which a backward pass finishes them.</summary>
    /// <param name="shape">The model, its vocabulary known.</param>
    /// <param name="leastBytes">The least size of a bucket, but for the last one.</param>
    public static IReadOnlyList<long> BytesOf(ModelConfig shape, long leastBytes = GradientExchange.DefaultBucketBytes)
    {
        List<long> buckets = [];
        long bytes = 0;
        foreach (long parameters in Groups(shape))
        {
            bytes += sizeof(float) * parameters;
            if (bytes < leastBytes) continue;
            buckets.Add(bytes);
            bytes = 0;
        }
        if (bytes > 0) buckets.Add(bytes);
        return buckets;
    }

    /// <summary>Parameters that are finished together: head and final norm, each block, embeddings.</summary>
    private static IEnumerable<long> Groups(ModelConfig shape)
    {
        long table = (long)shape.PaddedVocabularySize * shape.EmbeddingSize, norm = ModelCost.Norm(shape);
        yield return (shape.TiedHead ? 0 : table) + (shape.NormPlacement == ModelConfig.PreNorm ? norm : 0);
        long values = shape.ValueEmbeddings ? (long)shape.PaddedVocabularySize * shape.KeyValueHeads * shape.HeadSize : 0;
        for (int layer = 0; layer < shape.LayerCount; layer++) yield return ModelCost.Block(shape) + values;
        yield return table + ModelCost.Positions(shape) + (shape.EmbeddingNorm ? norm : 0);
    }
}
