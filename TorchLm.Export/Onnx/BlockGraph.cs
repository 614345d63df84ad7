using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;

namespace TorchLm.Export.Onnx;

/// <summary>One transformer block, as TorchLm.Core's Block and Mlp compute it.</summary>
internal sealed class BlockGraph(GraphBuilder graph, GraphLayers layers, ModelConfig config, SequenceGraph sequence)
{
    private readonly AttentionGraph _attention = new(graph, layers, config, sequence);
    private readonly ConvolutionGraph _convolution = new(graph, layers, config, sequence);
    private readonly GraphActivations _activations = new(graph, config);
    private readonly bool _remembers = ConvolutionGraph.Remembers(config);

    /// <summary>(B, T, C) to (B, T, C).</summary>
    /// <param name="index">Which block, from 0.</param>
    /// <param name="x">The residual stream.</param>
    /// <param name="embedded">What the first block is given, for blocks that mix it in again.</param>
    /// <param name="past">
    /// Keys and values of earlier tokens, each (B, K, P, D), and behind them what convolutions remember; the new ones are put behind them. Null where the graph
    /// has no cache.
    /// </param>
    public string Add(int index, string x, string embedded, (string Keys, string Values)? past)
    {
        string name = $"h.{index}";
        (string? beforeAttention, string? beforeMlp) = (null, null);
        if (_remembers && past is { } joint)
        {
            (string keys, beforeAttention) = Apart($"{name}.past_keys", joint.Keys);
            (string values, beforeMlp) = Apart($"{name}.past_values", joint.Values);
            past = (keys, values);
        }
        if (config.EmbeddingShortcuts) x = Shortcut($"{name}.shortcut", x, embedded);
        if (config.NormPlacement == ModelConfig.PostNorm)
        {
            string attended = graph.Node("Add", $"{name}.middle", [x, Attend(index, x, past, beforeAttention)]);
            string normed = layers.Norm($"{name}.ln_1", attended);
            return layers.Norm($"{name}.ln_2", graph.Node("Add", name, [normed, Mlp(index, normed, beforeMlp)]));
        }
        string middle = graph.Node("Add", $"{name}.middle", [x, Attend(index, layers.Norm($"{name}.ln_1", x), past, beforeAttention)]);
        return graph.Node("Add", name, [middle, Mlp(index, layers.Norm($"{name}.ln_2", middle), beforeMlp)]);
    }

    private string Attend(int index, string x, (string Keys, string Values)? past, string? remembered)
    {
        string name = $"h.{index}", keys = $"present.{index}.key", values = $"present.{index}.value";
        if (config.ConvolutionWidth == 0) return _attention.Add(index, x, past, (keys, values));
        (x, string seen) = _convolution.Add($"{name}.attention_conv", x, remembered);
        if (!_remembers) return _attention.Add(index, x, past, (keys, values));
        string result = _attention.Add(index, x, past, ($"{name}.present_keys", PresentValues(index)));
        if (past is not null) graph.Node("Concat", keys, [$"{name}.present_keys", seen], Attribute("axis", 1L));
        return result;
    }

    private string Mlp(int index, string x, string? remembered)
    {
        string name = $"h.{index}.mlp";
        if (config.ConvolutionWidth > 0)
        {
            (x, string seen) = _convolution.Add($"h.{index}.mlp_conv", x, remembered);
            if (remembered is not null) graph.Node("Concat", $"present.{index}.value", [PresentValues(index), seen], Attribute("axis", 1L));
        }
        string expanded = layers.Linear($"{name}.c_fc", x);                       // (B, T, F), or twice that
        return layers.Linear($"{name}.c_proj", _activations.Add($"{name}.activated", expanded));
    }

    /// <summary>Values without what the MLP's convolution remembers.</summary>
    private static string PresentValues(int index) => $"h.{index}.present_values";

    /// <summary>A cache's two parts: heads of keys or values, and heads of what a convolution remembers.</summary>
    private (string Heads, string Remembered) Apart(string name, string cache)
    {
        graph.Nodes("Split", name, [cache, graph.Ints(config.KeyValueHeads, config.HeadCount)], [$"{name}.heads", $"{name}.remembered"], Attribute("axis", 1L));
        return ($"{name}.heads", $"{name}.remembered");
    }

    /// <summary>keep · x + add · embedded.</summary>
    private string Shortcut(string name, string x, string embedded)
    {
        string kept = graph.Node("Mul", $"{name}.kept", [x, layers.Weight($"{name}.keep")]);
        string added = graph.Node("Mul", $"{name}.added", [embedded, layers.Weight($"{name}.add")]);
        return graph.Node("Add", name, [kept, added]);
    }
}
