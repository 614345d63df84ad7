using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>The layers that have weights as nodes. Names are GPT-2's, without <c>transformer.</c></summary>
internal sealed class GraphLayers(GraphBuilder graph, ModelConfig config, OnnxWeights weights)
{
    /// <summary>An output head of its own.</summary>
    public const string Head = "lm_head.weight";

    private readonly Dictionary<string, string> _weights = [];

    /// <summary>A weight as a float32 value, read when first asked for: the embedding and the output head share one.</summary>
    public string Weight(string name)
    {
        if (_weights.TryGetValue(name, out string? value)) return value;
        Proto.TensorProto tensor = weights.Read(name == Head ? name : $"transformer.{name}");
        graph.Graph.Initializer.Add(tensor);
        value = tensor.DataType == (int)DataType.Float ? tensor.Name
            : graph.Node("Cast", $"{name}.float32", [tensor.Name], Attribute("to", (long)DataType.Float));
        _weights.Add(name, value);
        return value;
    }

    /// <summary>x · W + b: (B, T, in) to (B, T, out).</summary>
    public string Linear(string name, string x)
    {
        string product = graph.Node("MatMul", $"{name}.product", [x, Weight($"{name}.weight")]);
        return config.Bias ? graph.Node("Add", name, [product, Weight($"{name}.bias")]) : product;
    }

    /// <summary>LayerNorm or RMSNorm, as the model has it: (…, C) to (…, C).</summary>
    public string Norm(string name, string x)
    {
        long c = config.EmbeddingSize;
        string? gain = config.NormGain ? Weight($"{name}.weight") : null;
        if (config.Norm == ModelConfig.RmsNorm)
        {
            string normed = RmsNorm(gain is null ? name : $"{name}.normed", x);
            return gain is null ? normed : graph.Node("Mul", name, [normed, gain]);
        }
        gain ??= graph.Constant("ones", DataType.Float, [c], [.. Enumerable.Repeat(BitConverter.GetBytes(1f), (int)c).SelectMany(bytes => bytes)]);
        return graph.Node("LayerNormalization", name, config.Bias ? [x, gain, Weight($"{name}.bias")] : [x, gain],
            Attribute("axis", -1L), Attribute("epsilon", (float)config.NormEpsilon));
    }

    /// <summary>
    /// x over the root of its mean square along the last axis (Zhang and Sennrich 2019). Opset 17 has no operator for it; ONNX Runtime knows these.
    /// </summary>
    public string RmsNorm(string name, string x)
    {
        string square = graph.Node("Pow", $"{name}.square", [x, graph.Float(2)]);
        string mean = graph.Node("ReduceMean", $"{name}.mean_square", [square], Attribute("axes", [-1L]), Attribute("keepdims", 1L));
        string shifted = graph.Node("Add", $"{name}.shifted", [mean, graph.Float((float)config.NormEpsilon)]);
        return graph.Node("Div", name, [x, graph.Node("Sqrt", $"{name}.root", [shifted])]);
    }
}
