namespace TorchLm.Export.Onnx;

/// <summary>
/// What an ONNX graph takes and gives, and how its weights are stored. The defaults are what text generation in transformers.js needs.
/// </summary>
public sealed record OnnxOptions
{
    /// <summary>
    /// Whether the graph takes and gives keys and values (<c>past_key_values.N.key|value</c>, <c>present.N.key|value</c>), so that each token of a
    /// text is computed once. Without them every call reads the text from its beginning, and generators that feed only the newest token go wrong.
    /// </summary>
    public bool KeyValueCache { get; init; } = true;

    /// <summary>Whether the graph takes an <c>attention_mask</c>, which batches of texts of different lengths need.</summary>
    public bool AttentionMask { get; init; } = true;

    /// <summary>
    /// Whether the graph takes <c>position_ids</c>, for programs that place tokens themselves; otherwise positions are counted in the graph, from the mask
    /// where there is one, as Hugging Face's generate does.
    /// </summary>
    public bool PositionIds { get; init; }

    /// <summary>How matrices are stored.</summary>
    public OnnxWeightType WeightType { get; init; } = OnnxWeightType.Float32;
}

/// <summary>How matrices are stored in the file. What the graph computes, takes and gives is float32 always, and so are gains and biases.</summary>
public enum OnnxWeightType
{
    /// <summary>Exactly as trained: <c>model.onnx</c>.</summary>
    Float32,

    /// <summary>Rounded to half precision, half the file: <c>model_fp16.onnx</c>.</summary>
    Float16,
}
