using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Export.Architectures;
using static TorchSharp.torch;

namespace TorchLm.Export.HuggingFace;

/// <summary>A folder that transformers loads with <c>from_pretrained</c>.</summary>
public static class HuggingFaceExport
{
    /// <summary>Writes the folder. Weights are read and written one tensor at a time.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder, which appears whole or not at all.</param>
    /// <param name="type">What the weights are stored in: float32, float16 or bfloat16.</param>
    /// <param name="overwrite">Whether an earlier export in that place is replaced.</param>
    /// <param name="progress">Told the share that is written.</param>
    /// <param name="cancel">Stops between two tensors; nothing is left then.</param>
    /// <exception cref="InputException">
    /// transformers has no architecture for the model, the folder cannot be made, or a value does not fit the type.
    /// </exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Write(ModelSource model, string path, ScalarType type = ScalarType.Float32, bool overwrite = false, IProgress<double>? progress = null,
        CancellationToken cancel = default)
    {
        Architecture architecture = Target.HuggingFace.Require(model.Config);
        var weights = new ExpressedWeights(model, architecture);
        using ExportFolder folder = ExportFolder.Begin(path, HuggingFaceFiles.All, overwrite);
        HuggingFaceFiles.Write(model, architecture, folder.Temporary, type);
        List<TensorToWrite> tensors = [.. weights.Tensors.Select(t => new TensorToWrite(t.Name, type, t.Shape, () => Read(t.Name)))];
        long bytes = tensors.Sum(t => t.Elements) * (type == ScalarType.Float32 ? 4 : 2);
        DurableFile.Write(Path.Combine(folder.Temporary, HuggingFaceFiles.Weights), stream => SafeTensors.Write(stream, tensors, Share.Of(bytes, progress), cancel));
        folder.Complete();

        Tensor Read(string name) => TensorCast.To(weights.Read(name), type, name); // freed in the writer's scope
    }
}
