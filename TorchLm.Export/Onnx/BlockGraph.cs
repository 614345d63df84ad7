using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;

namespace TorchLm.Export.Onnx;

/// <summary>One transformer block with pre-LayerNorm, as TorchLm.Core's Block, CausalSelfAttention and Mlp compute it.</summary>
internal sealed class BlockGraph(GraphBuilder graph, GraphLayers layers, ModelConfig config, SequenceGraph sequence)
{
    private readonly long _channels = config.EmbeddingSize, _heads = config.HeadCount, _headSize = config.EmbeddingSize / config.HeadCount;

    /// <summary>(B, T, C) to (B, T, C).</summary>
    /// <param name="index">Which block, from 0.</param>
    /// <param name="x">The residual stream.</param>
    /// <param name="past">
    /// Keys and values of earlier tokens, each (B, H, P, D), which the new ones are put behind; null where the graph has no cache.
    /// </param>
    public string Add(int index, string x, (string Keys, string Values)? past)
    {
        string name = $"h.{index}";
        string attended = Attention(index, layers.LayerNorm($"{name}.ln_1", x), past);
        string middle = graph.Node("Add", $"{name}.middle", [x, attended]);
        return graph.Node("Add", name, [middle, Mlp($"{name}.mlp", layers.LayerNorm($"{name}.ln_2", middle))]);
    }

    private string Attention(int index, string x, (string Keys, string Values)? past)
    {
        string name = $"h.{index}.attn";
        string joint = layers.Linear($"{name}.c_attn", x);                        // (B, T, 3C)
        string q = $"{name}.q", k = $"{name}.k", v = $"{name}.v";                                           // each (B, T, C)
        graph.Nodes("Split", $"{name}.split", [joint, graph.Ints(_channels, _channels, _channels)], [q, k, v], Attribute("axis", -1L));
        string queries = graph.Node("Mul", $"{name}.scaled_q", [Heads(q), graph.Float((float)(1 / Math.Sqrt(_headSize)))]);
        string keys = Heads(k), values = Heads(v);                                                          // each (B, H, T, D)
        if (past is { } earlier)
        {
            keys = graph.Node("Concat", $"present.{index}.key", [earlier.Keys, keys], Attribute("axis", 2L));       // (B, H, P + T, D)
            values = graph.Node("Concat", $"present.{index}.value", [earlier.Values, values], Attribute("axis", 2L));
        }
        string columns = graph.Node("Transpose", $"{name}.k_columns", [keys], Attribute("perm", 0, 1, 3, 2));      // (B, H, D, P + T)
        string scores = graph.Node("MatMul", $"{name}.scores", [queries, columns]);                         // (B, H, T, P + T)
        string masked = graph.Node("Add", $"{name}.masked_scores", [scores, sequence.AttentionBias]);
        string shares = graph.Node("Softmax", $"{name}.shares", [masked], Attribute("axis", -1L));
        string mixed = graph.Node("MatMul", $"{name}.mixed", [shares, values]);                             // (B, H, T, D)
        string rows = graph.Node("Transpose", $"{name}.mixed_rows", [mixed], Attribute("perm", 0, 2, 1, 3));
        string y = graph.Node("Reshape", $"{name}.y", [rows, graph.Ints(0, 0, _channels)]);                 // heads side by side again
        return layers.Linear($"{name}.c_proj", y);
    }

    /// <summary>(B, T, C) to (B, H, T, D).</summary>
    private string Heads(string x)
    {
        string split = graph.Node("Reshape", $"{x}_split", [x, graph.Ints(0, 0, _heads, _headSize)]);
        return graph.Node("Transpose", $"{x}_heads", [split], Attribute("perm", 0, 2, 1, 3));
    }

    private string Mlp(string name, string x)
    {
        string expanded = layers.Linear($"{name}.c_fc", x);                       // (B, T, 4C)
        return layers.Linear($"{name}.c_proj", layers.Gelu($"{name}.gelu", expanded));
    }
}
