using TorchLm.Core.Configuration;
using TorchLm.Export.Onnx.Proto;
using static TorchLm.Export.Onnx.GraphBuilder;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>
/// A model as an ONNX graph, with the names of inputs and outputs that Hugging Face's Optimum gives and transformers.js reads.
/// </summary>
/// <remarks>
/// Letters in shapes: B sequences, T new tokens, P earlier ones, C channels, H heads, D = C / H, K heads of keys and values, V vocabulary.
/// </remarks>
internal sealed class GptGraph
{
    private const string Batch = "batch_size", Length = "sequence_length", Past = "past_sequence_length", Total = "total_sequence_length";
    private const string Tokens = "wte.weight";

    private readonly GraphBuilder _graph = new();
    private readonly GraphLayers _layers;
    private readonly ModelConfig _config;
    private readonly OnnxOptions _options;

    private GptGraph(ModelConfig config, OnnxOptions options, OnnxWeights weights)
    {
        _config = config;
        _options = options;
        _layers = new GraphLayers(_graph, config, weights);
    }

    /// <summary>Makes the graph, for which it reads each weight once.</summary>
    public static GraphProto Build(ModelConfig config, OnnxOptions options, OnnxWeights weights) => new GptGraph(config, options, weights).Build();

    private GraphProto Build()
    {
        string ids = _graph.Input("input_ids", DataType.Int64, Batch, Length);
        string? mask = _options.AttentionMask ? _graph.Input("attention_mask", DataType.Int64, Batch, Total) : null;
        bool hasPlaces = _config.Positions != ModelConfig.NoPositions;
        string? positions = _options.PositionIds && hasPlaces ? _graph.Input("position_ids", DataType.Int64, Batch, Length) : null;
        (string Keys, string Values)[] past = _options.KeyValueCache ? [.. Enumerable.Range(0, _config.LayerCount).Select(PastInputs)] : [];
        var sequence = new SequenceGraph(_graph, ids, mask, positions, past.Length == 0 ? null : past[0].Keys);
        var block = new BlockGraph(_graph, _layers, _config, sequence);

        string embedded = Embed(sequence), x = embedded;
        for (int i = 0; i < _config.LayerCount; i++) x = block.Add(i, x, embedded, past.Length == 0 ? null : past[i]);
        Head(_config.NormPlacement == ModelConfig.PostNorm ? x : _layers.Norm("ln_f", x), sequence.Shape);

        _graph.Output("logits", DataType.Float, Batch, Length, _config.VocabularySize);
        for (int i = 0; i < past.Length; i++)
        {
            foreach (string kind in new[] { "key", "value" }) _graph.Output($"present.{i}.{kind}", DataType.Float, KeyShape(Total));
        }
        return _graph.Graph;
    }

    private (string Keys, string Values) PastInputs(int layer) =>
        (_graph.Input($"past_key_values.{layer}.key", DataType.Float, KeyShape(Past)),
            _graph.Input($"past_key_values.{layer}.value", DataType.Float, KeyShape(Past)));

    private Axis[] KeyShape(string length) => [Batch, ConvolutionGraph.CacheHeads(_config), length, _config.HeadSize];

    /// <summary>Tokens and positions (B, T) to (B, T, C).</summary>
    private string Embed(SequenceGraph sequence)
    {
        string x = _graph.Node("Gather", "wte", [_layers.Weight(Tokens), sequence.Ids]);
        if (_config.Positions is ModelConfig.LearnedPositions or ModelConfig.Sinusoidal)
        {
            string places = _graph.Node("Gather", "wpe", [_layers.Weight("wpe.weight"), sequence.Positions]);
            x = _graph.Node("Add", "embedded", [x, places]);
        }
        return _config.EmbeddingNorm ? _layers.Norm("ln_e", x) : x;
    }

    /// <summary>
    /// (B, T, C) to (B, T, V) by the token embedding itself where the head is tied: a product of matrices has a switch for a transposed factor, a
    /// batched one has none, and would need a second copy of the largest weight.
    /// </summary>
    private void Head(string hidden, string shape)
    {
        string head = _layers.Weight(_config.TiedHead ? Tokens : GraphLayers.Head);
        if (_config.WidthRatio != 1) hidden = _graph.Node("Div", "hidden_by_width", [hidden, _graph.Float((float)_config.WidthRatio)]);
        string rows = _graph.Node("Reshape", "hidden_rows", [hidden, _graph.Ints(-1, _config.EmbeddingSize)]);                 // (B · T, C)
        string logits = _graph.Node("Gemm", "logit_rows", [rows, head], Attribute("transB", 1L));                              // (B · T, V)
        if (_config.LogitSoftCap > 0)                                               // cap · tanh(logit / cap)
        {
            string cap = _graph.Float((float)_config.LogitSoftCap);
            string share = _graph.Node("Tanh", "logit_shares", [_graph.Node("Div", "logits_over_cap", [logits, cap])]);
            logits = _graph.Node("Mul", "capped_logit_rows", [share, cap]);
        }
        string logitShape = _graph.Node("Concat", "logit_shape", [shape, _graph.Ints(_config.VocabularySize)], Attribute("axis", 0L));
        _graph.Node("Reshape", "logits", [logits, logitShape]);
    }
}
