using static TorchLm.Export.Onnx.GraphBuilder;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>
/// Where the new tokens stand and what they may see, computed once for all blocks: T new tokens after P earlier ones, whose keys and values are fed.
/// </summary>
internal sealed class SequenceGraph
{
    /// <summary>
    /// Added to the scores of what may not be seen. Finite, because a row of padding sees nothing, and a softmax over nothing but infinities is NaN.
    /// </summary>
    private const float Unseen = -1e9f;

    private readonly GraphBuilder _graph;
    private readonly string? _mask;
    private readonly string _length;     // T, as int64 (1)
    private readonly string? _past;      // P, as int64 (1); null where nothing is fed
    private readonly string _total;      // P + T, as an int64 scalar
    private readonly string _newIndices; // P to P + T - 1, the new tokens' places in the sequence, padding counted: int64 (T)
    private readonly string _keyIndices; // 0 to P + T - 1: int64 (P + T)
    private readonly Dictionary<int, string> _biases = [];
    private string? _positions, _isToken, _firstNew;

    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="ids">The new tokens, int64 (B, T).</param>
    /// <param name="mask">1 for each token that is one and 0 for padding, int64 (B, P + T); null where there is no padding.</param>
    /// <param name="positions">Each new token's position, int64 (B, T); null where it is to be counted.</param>
    /// <param name="pastKeys">The first block's earlier keys, float32 (B, K, P, D); null where the graph has no cache.</param>
    public SequenceGraph(GraphBuilder graph, string ids, string? mask, string? positions, string? pastKeys)
    {
        (_graph, _mask, _positions, Ids) = (graph, mask, positions, ids);
        Shape = graph.Node("Shape", "input_shape", [ids]);
        _length = graph.Node("Shape", "length", [ids], Attribute("start", 1), Attribute("end", 2));
        _past = pastKeys is null ? null : graph.Node("Shape", "past_length", [pastKeys], Attribute("start", 2), Attribute("end", 3));
        _total = Scalar("total_length", _past is null ? _length : graph.Node("Add", "total_length", [_past, _length]));
        _newIndices = Range("new_indices", _past is null ? graph.Int(0) : Scalar("past_length", _past), _total);
        _keyIndices = Range("key_indices", _graph.Int(0), _total);
    }

    /// <summary>The new tokens, int64 (B, T).</summary>
    public string Ids { get; }

    /// <summary>How many new tokens there are, T: int64 (1).</summary>
    public string Length => _length;

    /// <summary>1 for each new token that is one and 0 for padding, float32 (B, T, 1); null where there is no padding.</summary>
    public string? IsToken => _mask is null ? null : _isToken ??= NewMask(_mask);

    /// <summary>The shape of the new tokens, int64 (2).</summary>
    public string Shape { get; }

    /// <summary>Each new token's position, int64 (B or 1, T).</summary>
    public string Positions => _positions ??= _mask is null ? CountedPositions() : UnpaddedPositions(_mask);

    /// <summary>
    /// What is added to attention scores, float32 (B or 1, 1, T, P + T): 0 where a token may look, a large negative number elsewhere.
    /// </summary>
    /// <param name="window">How many tokens it may look at, itself included; null where all before it.</param>
    public string AttentionBias(int? window)
    {
        int width = window ?? 0;
        if (!_biases.TryGetValue(width, out string? bias)) _biases.Add(width, bias = MakeAttentionBias(width, width == 0 ? "" : $"_{width}"));
        return bias;
    }

    /// <summary>P to P + T - 1, int64 (1, T).</summary>
    private string CountedPositions() => _graph.Node("Unsqueeze", "counted_positions", [_newIndices, _graph.Ints(0)]);

    /// <summary>
    /// How many tokens are before each new one, padding not counted, int64 (B, T); 0 for padding itself, whose position does not matter. The same as
    /// Hugging Face's generate computes.
    /// </summary>
    private string UnpaddedPositions(string mask)
    {
        string count = _graph.Node("CumSum", "unpadded_count", [mask, _graph.Int(1)]);
        string before = _graph.Node("Sub", "unpadded_before", [count, _graph.Int(1)]);
        string position = _graph.Node("Max", "unpadded_positions", [before, _graph.Int(0)]);
        if (_past is null) return position;
        return _graph.Node("Slice", "new_unpadded_positions", [position, FirstNew, _graph.Ints(long.MaxValue), _graph.Ints(1)]);
    }

    /// <summary>The first new token, counted from the end: -T.</summary>
    private string FirstNew => _firstNew ??= _graph.Node("Neg", "first_new_from_end", [_length]);

    private string NewMask(string mask)
    {
        string ofNew = _past is null ? mask : _graph.Node("Slice", "new_mask", [mask, FirstNew, _graph.Ints(long.MaxValue), _graph.Ints(1)]);
        string numbers = _graph.Node("Cast", "new_mask_numbers", [ofNew], Attribute("to", (long)DataType.Float));
        return _graph.Node("Unsqueeze", "is_new_token", [numbers, _graph.Ints(2)]);
    }

    private string MakeAttentionBias(int window, string suffix)
    {
        string queries = _graph.Node("Unsqueeze", $"query_indices{suffix}", [_newIndices, _graph.Ints(1)]); // (T, 1)
        string seen = _graph.Node("LessOrEqual", $"causal_mask{suffix}", [_keyIndices, queries]);           // (T, P + T)
        if (window > 0)
        {
            string before = _graph.Node("Sub", $"before_window{suffix}", [queries, _graph.Int(window)]);
            string near = _graph.Node("Greater", $"in_window{suffix}", [_keyIndices, before]);
            seen = _graph.Node("And", $"causal_window{suffix}", [seen, near]);
        }
        if (_mask is not null)
        {
            string isToken = _graph.Node("Cast", $"is_token{suffix}", [_mask], Attribute("to", (long)DataType.Bool)); // (B, P + T)
            string ofKeys = _graph.Node("Unsqueeze", $"key_mask{suffix}", [isToken, _graph.Ints(1, 2)]);    // (B, 1, 1, P + T)
            seen = _graph.Node("And", $"seen{suffix}", [seen, ofKeys]);                                     // (B, 1, T, P + T)
        }
        else
        {
            seen = _graph.Node("Unsqueeze", $"seen{suffix}", [seen, _graph.Ints(0, 1)]);                    // (1, 1, T, P + T)
        }
        return _graph.Node("Where", $"attention_bias{suffix}", [seen, _graph.Float(0), _graph.Float(Unseen)]);
    }

    private string Range(string name, string start, string end) => _graph.Node("Range", name, [start, end, _graph.Int(1)]);

    private string Scalar(string name, string vector) => _graph.Node("Squeeze", $"{name}_scalar", [vector, _graph.Ints(0)]);
}
