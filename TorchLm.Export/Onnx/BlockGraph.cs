using TorchLm.Core.Configuration;

namespace TorchLm.Export.Onnx;

/// <summary>One transformer block, as TorchLm.Core's Block and Mlp compute it.</summary>
internal sealed class BlockGraph(GraphBuilder graph, GraphLayers layers, ModelConfig config, SequenceGraph sequence)
{
    private readonly AttentionGraph _attention = new(graph, layers, config, sequence);
    private readonly GraphActivations _activations = new(graph, config);

    /// <summary>(B, T, C) to (B, T, C).</summary>
    /// <param name="index">Which block, from 0.</param>
    /// <param name="x">The residual stream.</param>
    /// <param name="embedded">What the first block is given, for blocks that mix it in again.</param>
    /// <param name="past">
    /// Keys and values of earlier tokens, each (B, K, P, D), which the new ones are put behind; null where the graph has no cache.
    /// </param>
    public string Add(int index, string x, string embedded, (string Keys, string Values)? past)
    {
        string name = $"h.{index}";
        if (config.EmbeddingShortcuts) x = Shortcut($"{name}.shortcut", x, embedded);
        if (config.NormPlacement == ModelConfig.PostNorm)
        {
            string attended = graph.Node("Add", $"{name}.middle", [x, _attention.Add(index, x, past)]);
            string normed = layers.Norm($"{name}.ln_1", attended);
            return layers.Norm($"{name}.ln_2", graph.Node("Add", name, [normed, Mlp($"{name}.mlp", normed)]));
        }
        string middle = graph.Node("Add", $"{name}.middle", [x, _attention.Add(index, layers.Norm($"{name}.ln_1", x), past)]);
        return graph.Node("Add", name, [middle, Mlp($"{name}.mlp", layers.Norm($"{name}.ln_2", middle))]);
    }

    private string Mlp(string name, string x)
    {
        string expanded = layers.Linear($"{name}.c_fc", x);                       // (B, T, F), or twice that
        return layers.Linear($"{name}.c_proj", _activations.Add($"{name}.activated", expanded));
    }

    /// <summary>keep · x + add · embedded.</summary>
    private string Shortcut(string name, string x, string embedded)
    {
        string kept = graph.Node("Mul", $"{name}.kept", [x, layers.Weight($"{name}.keep")]);
        string added = graph.Node("Mul", $"{name}.added", [embedded, layers.Weight($"{name}.add")]);
        return graph.Node("Add", name, [kept, added]);
    }
}
