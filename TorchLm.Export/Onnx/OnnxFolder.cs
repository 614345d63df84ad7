using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;
using TorchLm.Export.HuggingFace;
using static TorchSharp.torch;

namespace TorchLm.Export.Onnx;

/// <summary>A folder that transformers.js loads: the graph in <c>onnx/</c>, and beside it configuration and tokenizer as in a Hugging Face folder.</summary>
public static class OnnxFolder
{
    /// <summary>Writes the folder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder, which appears whole or not at all.</param>
    /// <param name="options">What the graph takes and gives.</param>
    /// <param name="overwrite">Whether an earlier export in that place is replaced.</param>
    /// <param name="progress">Told the share that is written.</param>
    /// <param name="cancel">Stops between two tensors; nothing is left then.</param>
    /// <exception cref="InputException">The folder cannot be made, or a value does not fit the type.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Write(ModelSource model, string path, OnnxOptions options, bool overwrite = false, IProgress<double>? progress = null,
        CancellationToken cancel = default)
    {
        using ExportFolder folder = ExportFolder.Begin(path, HuggingFaceFiles.All, overwrite);
        OnnxFile file = OnnxExport.Write(model, folder.Temporary, options, progress, cancel);
        bool isHalf = options.WeightType == OnnxWeightType.Float16;
        // Without these transformers.js would look for fp32 weights in one file, and make caches without room for what convolutions remember.
        var transformersJs = new JsonObject { ["dtype"] = isHalf ? "fp16" : "fp32" };
        if (file.IsDataExternal) transformersJs["use_external_data_format"] = new JsonObject { [Path.GetFileName(file.Path)] = 1 };
        var besides = new JsonObject { ["transformers.js_config"] = transformersJs };
        if (ConvolutionGraph.Remembers(model.Config)) besides["num_key_value_heads"] = ConvolutionGraph.CacheHeads(model.Config);
        HuggingFaceFiles.Write(model, Nearest(model.Config), folder.Temporary, isHalf ? ScalarType.Float16 : ScalarType.Float32, besides);
        folder.Complete();
    }

    /// <summary>
    /// What config.json calls the model: its architecture, or where that is TorchLm's own, one whose caches have the same shape, which is all that
    /// transformers.js asks of it.
    /// </summary>
    private static Architecture Nearest(ModelConfig model) =>
        Target.HuggingFace.Find(model) ?? Target.HuggingFace.Named(ConvolutionGraph.CacheHeads(model) == model.HeadCount ? "gpt2" : "llama");
}
