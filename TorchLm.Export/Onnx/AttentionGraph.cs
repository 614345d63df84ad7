using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;

namespace TorchLm.Export.Onnx;

/// <summary>Attention of a block, as TorchLm.Core's CausalSelfAttention computes it.</summary>
internal sealed class AttentionGraph(GraphBuilder graph, GraphLayers layers, ModelConfig config, SequenceGraph sequence)
{
    private readonly long _channels = config.EmbeddingSize, _heads = config.HeadCount, _keyHeads = config.KeyValueHeads, _headSize = config.HeadSize;
    private readonly GraphRotation? _rotation = config.Positions == ModelConfig.Rope ? new GraphRotation(graph, config, sequence.Positions) : null;

    /// <summary>What scores are multiplied by; normalised queries and keys have a root mean square of the model's scale each.</summary>
    private readonly float _scale = (float)((config.QkNorm ? config.QkNormScale * config.QkNormScale : 1) / Math.Sqrt(config.HeadSize));

    /// <summary>(B, T, C) to (B, T, C).</summary>
    /// <param name="index">The block, from 0.</param>
    /// <param name="x">The input.</param>
    /// <param name="past">Keys and values of earlier tokens, each (B, K, P, D); null where the graph has no cache.</param>
    /// <param name="present">What they are to be called with the new ones behind them.</param>
    public string Add(int index, string x, (string Keys, string Values)? past, (string Keys, string Values) present)
    {
        string name = $"h.{index}.attn";
        long keySize = _keyHeads * _headSize;
        string joint = layers.Linear($"{name}.c_attn", x);                                                  // (B, T, (H + 2K)·D)
        string q = $"{name}.q", k = $"{name}.k", v = $"{name}.v";
        graph.Nodes("Split", $"{name}.split", [joint, graph.Ints(_channels, keySize, keySize)], [q, k, v], Attribute("axis", -1L));
        if (config.ValueEmbeddings) v = WithEmbedding(name, v);
        string queries = graph.Node("Mul", $"{name}.scaled_q", [Prepared(q, _heads), graph.Float(_scale)]);
        string keys = Prepared(k, _keyHeads), values = Heads(v, _keyHeads);                                 // each (B, K, T, D)
        if (past is { } earlier)
        {
            keys = graph.Node("Concat", present.Keys, [earlier.Keys, keys], Attribute("axis", 2L));       // (B, K, P + T, D)
            values = graph.Node("Concat", present.Values, [earlier.Values, values], Attribute("axis", 2L));
        }
        (keys, values) = (ForEachQuery($"{name}.all_k", keys), ForEachQuery($"{name}.all_v", values));              // each (B, H, P + T, D)
        string columns = graph.Node("Transpose", $"{name}.k_columns", [keys], Attribute("perm", 0, 1, 3, 2));      // (B, H, D, P + T)
        string scores = graph.Node("MatMul", $"{name}.scores", [queries, columns]);                         // (B, H, T, P + T)
        string masked = graph.Node("Add", $"{name}.masked_scores", [scores, sequence.AttentionBias(config.WindowOf(index))]);
        string shares = graph.Node("Softmax", $"{name}.shares", [masked], Attribute("axis", -1L));
        string mixed = graph.Node("MatMul", $"{name}.mixed", [shares, values]);                             // (B, H, T, D)
        string rows = graph.Node("Transpose", $"{name}.mixed_rows", [mixed], Attribute("perm", 0, 2, 1, 3));
        string y = graph.Node("Reshape", $"{name}.y", [rows, graph.Ints(0, 0, _channels)]);                 // heads side by side again
        return layers.Linear($"{name}.c_proj", y);
    }

    /// <summary>Queries or keys as scores are made of them: normalised and turned, as far as the model does that.</summary>
    private string Prepared(string x, long heads)
    {
        string result = Heads(x, heads);
        if (config.QkNorm) result = layers.RmsNorm($"{x}_normed", result);
        return _rotation is null ? result : _rotation.Add($"{x}_turned", result);
    }

    /// <summary>(B, T, heads · D) to (B, heads, T, D).</summary>
    private string Heads(string x, long heads)
    {
        string split = graph.Node("Reshape", $"{x}_split", [x, graph.Ints(0, 0, heads, _headSize)]);
        return graph.Node("Transpose", $"{x}_heads", [split], Attribute("perm", 0, 2, 1, 3));
    }

    /// <summary>(B, K, P + T, D) to (B, H, P + T, D): each head of keys or values as often as there are query heads that share it.</summary>
    private string ForEachQuery(string name, string x)
    {
        if (_keyHeads == _heads) return x;
        string apart = graph.Node("Unsqueeze", $"{name}.apart", [x, graph.Ints(2)]);                        // (B, K, 1, P + T, D)
        string repeated = graph.Node("Expand", $"{name}.repeated", [apart, graph.Ints(1, 1, _heads / _keyHeads, 1, 1)]);
        return graph.Node("Reshape", name, [repeated, graph.Ints(0, _heads, -1, _headSize)]);
    }

    /// <summary>Values and a share of the block's own embedding of the tokens.</summary>
    private string WithEmbedding(string name, string values)
    {
        string embedded = graph.Node("Gather", $"{name}.value_embedding", [layers.Weight($"{name}.value_embedding.weight"), sequence.Ids]);
        string share = graph.Node("Mul", $"{name}.value_share", [embedded, layers.Weight($"{name}.value_embedding.share")]);
        return graph.Node("Add", $"{name}.v_and_embedding", [values, share]);
    }
}
