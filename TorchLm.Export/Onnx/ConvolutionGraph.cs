using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;

namespace TorchLm.Export.Onnx;

/// <summary>Short convolutions, as TorchLm.Core's ShortConvolution computes them.</summary>
/// <remarks>
/// What they remember of earlier tokens, C = H·D numbers each, lies in the caches as H heads more: what the convolution before attention saw behind the keys,
/// and what the one before the MLP saw behind the values. So whoever can pass keys and values on can pass on these.
/// </remarks>
internal sealed class ConvolutionGraph(GraphBuilder graph, GraphLayers layers, ModelConfig config, SequenceGraph sequence)
{
    private readonly long _heads = config.HeadCount, _headSize = config.HeadSize, _width = config.ConvolutionWidth;

    /// <summary>Heads of the caches: those of keys and values, and those of what convolutions remember. One of width 1 remembers nothing.</summary>
    public static int CacheHeads(ModelConfig config) => config.KeyValueHeads + (Remembers(config) ? config.HeadCount : 0);

    /// <summary>Whether the model has convolutions that look at earlier tokens.</summary>
    public static bool Remembers(ModelConfig config) => config.ConvolutionWidth > 1;

    /// <summary>(B, T, C) to (B, T, C).</summary>
    /// <param name="name">The convolution's.</param>
    /// <param name="x">The input.</param>
    /// <param name="past">Inputs of earlier tokens, (B, H, P, D); null where there are none.</param>
    /// <returns>The result, and the inputs of all tokens, (B, H, P + T, D).</returns>
    public (string Result, string Seen) Add(string name, string x, string? past)
    {
        if (sequence.IsToken is { } isToken) x = graph.Node("Mul", $"{name}.unpadded", [x, isToken]); // before the first token are zeros
        string split = graph.Node("Reshape", $"{name}.split", [x, graph.Ints(0, 0, _heads, _headSize)]);
        string seen = graph.Node("Transpose", $"{name}.heads", [split], Attribute("perm", 0, 2, 1, 3));       // (B, H, T, D)
        if (past is not null) seen = graph.Node("Concat", $"{name}.seen", [past, seen], Attribute("axis", 2L));
        string padded = graph.Node("Pad", $"{name}.padded", [seen, graph.Ints(0, 0, _width - 1, 0, 0, 0, 0, 0)]);
        string rows = graph.Node("Reshape", $"{name}.rows", [layers.Weight($"{name}.weight"), graph.Ints(_width, _heads, 1, _headSize)]);
        string sum = "";
        for (long k = 0; k < _width; k++)                                                                       // k tokens earlier
        {
            string start = graph.Node("Sub", $"{name}.start_{k}", [graph.Ints(-k), sequence.Length]);
            string earlier = graph.Node("Slice", $"{name}.earlier_{k}", [padded, start, graph.Ints(k == 0 ? long.MaxValue : -k), graph.Ints(2)]);
            string row = graph.Node("Gather", $"{name}.row_{k}", [rows, graph.Int(k)]);                         // (H, 1, D)
            string part = graph.Node("Mul", $"{name}.part_{k}", [earlier, row]);
            sum = k == 0 ? part : graph.Node("Add", $"{name}.sum_{k}", [sum, part]);
        }
        string tokens = graph.Node("Transpose", $"{name}.tokens", [sum], Attribute("perm", 0, 2, 1, 3));
        return (graph.Node("Reshape", name, [tokens, graph.Ints(0, 0, config.EmbeddingSize)]), seen);
    }
}
