using Google.Protobuf;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Export.Onnx.Proto;

namespace TorchLm.Export.Onnx;

/// <summary>
/// Writes a model as an ONNX graph of standard operators, which ONNX Runtime runs in any language and transformers.js in a browser.
/// </summary>
/// <remarks>
/// The graph's inputs and outputs, with B sequences, T new tokens, P earlier ones (0 at first), K heads of keys and values, D channels
/// of a head, V vocabulary:
/// <list type="bullet">
/// <item><c>input_ids</c>, int64 (B, T).</item>
/// <item><c>attention_mask</c>, int64 (B, P + T), 0 for padding and 1 elsewhere, unless left out by <see cref="OnnxOptions.AttentionMask"/>.</item>
/// <item><c>position_ids</c>, int64 (B, T), with <see cref="OnnxOptions.PositionIds"/> only, and if the model has any: otherwise positions are
/// counted from the mask, or from P where there is none.</item>
/// <item><c>past_key_values.N.key|value</c>, float32 (B, K, P, D), of each block N, unless left out by
/// <see cref="OnnxOptions.KeyValueCache"/>.</item>
/// <item><c>logits</c>, float32 (B, T, V).</item>
/// <item><c>present.N.key|value</c>, float32 (B, K, P + T, D): the next call's past.</item>
/// </list>
/// With short convolutions K is that number and H more, which hold what those remember (<see cref="ConvolutionGraph"/>).
/// P + T must not exceed the model's context length. Which of the inputs there are is decided at export: an input with a default value, which ONNX could say as
/// well, makes ONNX Runtime log a warning each time, and transformers.js leaves it out without a word.
/// </remarks>
public static class OnnxExport
{
    private const long IrVersion = 8, OpsetVersion = 17; // the first opset with LayerNormalization, and the IR that it came with

    /// <summary>What weights may take, in bytes, to stay in the model's file: protobuf ends at 2^31.</summary>
    private const long InlineLimit = 1_900_000_000;

    /// <summary>
    /// Writes <c>onnx/model.onnx</c>, or <c>model_fp16.onnx</c>, into a folder; where the weights do not fit into such a file, they are in one beside
    /// it, <c>model.onnx_data</c>. No more than the model's size and one tensor is in memory, and of the latter kind no more than one tensor.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Where to; it is made if need be.</param>
    /// <param name="options">What the graph takes and gives.</param>
    /// <param name="progress">Is told which part of the weights is read, from 0 to 1.</param>
    /// <param name="cancel">Stops between two tensors; what is written by then stays in the folder.</param>
    /// <exception cref="InputException">The weights do not fit the model's configuration, a value does not fit half precision, or a setting is not expressible.</exception>
    /// <exception cref="IOException">The disk or the folder refuses.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static OnnxFile Write(ModelSource model, string folder, OnnxOptions options, IProgress<double>? progress = null,
        CancellationToken cancel = default) =>
        Write(model, folder, options, InlineLimit, progress, cancel);

    internal static OnnxFile Write(ModelSource model, string folder, OnnxOptions options, long inlineLimit, IProgress<double>? progress = null,
        CancellationToken cancel = default)
    {
        string name = options.WeightType == OnnxWeightType.Float16 ? "model_fp16.onnx" : "model.onnx", dataName = $"{name}_data";
        string path = Directory.CreateDirectory(Path.Combine(folder, "onnx")).FullName;
        GraphProto graph = new();
        bool isExternal = OnnxWeights.Bytes(model.Config, options.WeightType) > inlineLimit;
        if (isExternal) DurableFile.Write(Path.Combine(path, dataName), stream => Build(new ExternalDataFile(stream, dataName)));
        else Build(null);

        var file = new ModelProto { IrVersion = IrVersion, ProducerName = "TorchLm", ProducerVersion = Version, Graph = graph };
        file.OpsetImport.Add(new OperatorSetIdProto { Version = OpsetVersion });
        DurableFile.Write(Path.Combine(path, name), file.WriteTo);
        string? dataPath = isExternal ? Path.Combine(path, dataName) : null;
        long bytes = new[] { Path.Combine(path, name), dataPath }.OfType<string>().Sum(part => new FileInfo(part).Length);
        return new OnnxFile(Path.Combine(path, name), dataPath, bytes);

        void Build(ExternalDataFile? data) =>
            graph = GptGraph.Build(model.Config, options, new OnnxWeights(model, options.WeightType, data, progress, cancel));
    }

    private static string Version => typeof(OnnxExport).Assembly.GetName().Version!.ToString(3);
}

/// <summary>What an export wrote.</summary>
/// <param name="Path">The model's file.</param>
/// <param name="DataPath">The file beside it that holds the weights; null where they are in the model's file.</param>
/// <param name="Bytes">The size of both together.</param>
public sealed record OnnxFile(string Path, string? DataPath, long Bytes)
{
    /// <summary>Whether the weights are in a file of their own.</summary>
    public bool IsDataExternal => DataPath is not null;
}
