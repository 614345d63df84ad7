using TorchLm.Core.Configuration;
using static TorchLm.Export.Onnx.GraphBuilder;

namespace TorchLm.Export.Onnx;

/// <summary>What an MLP does between its two projections, as nodes: element by element, but for a gate.</summary>
internal sealed class GraphActivations(GraphBuilder graph, ModelConfig config)
{
    /// <summary>(B, T, F), or gates and values side by side, (B, T, 2F), to (B, T, F).</summary>
    public string Add(string name, string x) => config.Mlp switch
    {
        ModelConfig.SwiGlu => SwiGlu(name, x),
        ModelConfig.Relu2 => Relu2(name, x),
        _ => Gelu(name, x),
    };

    /// <summary>SiLU(gate) · value (Shazeer 2020).</summary>
    private string SwiGlu(string name, string x)
    {
        string gate = $"{name}.gate", value = $"{name}.value";
        graph.Nodes("Split", $"{name}.split", [x, graph.Ints(config.MlpWidth, config.MlpWidth)], [gate, value], Attribute("axis", -1L));
        string silu = graph.Node("Mul", $"{name}.silu", [gate, graph.Node("Sigmoid", $"{name}.sigmoid", [gate])]);
        return graph.Node("Mul", name, [silu, value]);
    }

    /// <summary>max(0, x)² (So et al. 2021).</summary>
    private string Relu2(string name, string x)
    {
        string positive = graph.Node("Relu", $"{name}.positive", [x]);
        return graph.Node("Mul", name, [positive, positive]);
    }

    /// <summary>
    /// GELU in the model's form (Hendrycks and Gimpel 2016). Opset 17 has no operator for it; the products are in the order in which ONNX Runtime
    /// recognises both forms and computes them in one pass.
    /// </summary>
    private string Gelu(string name, string x)
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
