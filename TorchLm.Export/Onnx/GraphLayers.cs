using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>The layers that have weights, and the activation, as nodes. Names are Hugging Face's, without <c>transformer.</c></summary>
internal sealed class GraphLayers(GraphBuilder graph, ModelConfig config, OnnxWeights weights)
{
    private readonly Dictionary<string, string> _weights = [];

    /// <summary>A weight as a float32 value, read when first asked for: the embedding and the output head share one.</summary>
    public string Weight(string name)
    {
        if (_weights.TryGetValue(name, out string? value)) return value;
        Proto.TensorProto tensor = weights.Read($"transformer.{name}");
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

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public string LayerNorm(string name, string x)
    {
        string gain = Weight($"{name}.weight");
        return graph.Node("LayerNormalization", name, config.Bias ? [x, gain, Weight($"{name}.bias")] : [x, gain],
            Attribute("axis", -1L), Attribute("epsilon", (float)new ModelConfig().NormEpsilon));
    }

    /// <summary>
    /// GELU element by element, in the model's form (Hendrycks and Gimpel 2016). Opset 17 has no operator for it; the products are in the order in
    /// which ONNX Runtime recognises both forms and computes them in one pass.
    /// </summary>
    public string Gelu(string name, string x)
    {
        string One() => graph.Float(1);
        string Half() => graph.Float(0.5f);
        if (config.Gelu == "tanh")                                                  // x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
        {
            string cube = graph.Node("Pow", $"{name}.cube", [x, graph.Float(3)]);
            string small = graph.Node("Mul", $"{name}.small", [cube, graph.Float(0.044715f)]);
            string sum = graph.Node("Add", $"{name}.sum", [x, small]);
            string inner = graph.Node("Mul", $"{name}.inner", [sum, graph.Float((float)Math.Sqrt(2 / Math.PI))]);
            string tanh = graph.Node("Tanh", $"{name}.tanh", [inner]);
            string gate = graph.Node("Add", $"{name}.gate", [tanh, One()]);
            return graph.Node("Mul", name, [graph.Node("Mul", $"{name}.half", [x, Half()]), gate]);
        }
        string scaled = graph.Node("Div", $"{name}.scaled", [x, graph.Float((float)Math.Sqrt(2))]); // x · (1 + erf(x/√2)) / 2
        string erf = graph.Node("Erf", $"{name}.erf", [scaled]);
        string share = graph.Node("Add", $"{name}.share", [erf, One()]);
        return graph.Node("Mul", name, [graph.Node("Mul", $"{name}.double", [x, share]), Half()]);
    }
}
