using System.Runtime.InteropServices;
using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>
/// Rotary positions (Su et al. 2021), as TorchLm.Core's RotaryPositions has them: at position p, channels i and i + D/2 are turned by
/// p / (scale · base^(2i/D)). Cosines and sines of all positions are in the file; the new tokens' are looked up once for all blocks.
/// </summary>
internal sealed class GraphRotation
{
    private readonly GraphBuilder _graph;
    private readonly long _half;
    private readonly string _cosines, _sines; // of the new tokens, (B or 1, 1, T, D/2)

    public GraphRotation(GraphBuilder graph, ModelConfig config, string positions)
    {
        (_graph, _half) = (graph, config.HeadSize / 2);
        _cosines = OfNewTokens("cosines", Math.Cos);
        _sines = OfNewTokens("sines", Math.Sin);

        string OfNewTokens(string name, Func<double, double> function)
        {
            float[] values = [.. Enumerable.Range(0, config.ContextLength).SelectMany(position => Enumerable.Range(0, (int)_half).Select(channel =>
                (float)function(position / config.RopeScale * Math.Pow(config.RopeBase, -2.0 * channel / config.HeadSize))))];
            string table = graph.Constant(name, DataType.Float, [config.ContextLength, _half], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
            return graph.Node("Unsqueeze", $"new_{name}", [graph.Node("Gather", $"gathered_{name}", [table, positions]), graph.Ints(1)]);
        }
    }

    /// <summary>Turns queries or keys, (B, heads, T, D).</summary>
    public string Add(string name, string x)
    {
        string first = $"{name}.first_half", second = $"{name}.second_half";
        _graph.Nodes("Split", $"{name}.halves", [x, _graph.Ints(_half, _half)], [first, second], Attribute("axis", -1L));
        string newFirst = _graph.Node("Sub", $"{name}.new_first", [Times(first, _cosines, "cos"), Times(second, _sines, "sin")]);
        string newSecond = _graph.Node("Add", $"{name}.new_second", [Times(second, _cosines, "cos"), Times(first, _sines, "sin")]);
        return _graph.Node("Concat", name, [newFirst, newSecond], Attribute("axis", -1L));

        string Times(string half, string factor, string suffix) => _graph.Node("Mul", $"{half}_{suffix}", [half, factor]);
    }
}
