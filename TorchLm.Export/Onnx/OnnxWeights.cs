using Google.Protobuf;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export.Onnx.Proto;
using static TorchSharp.torch;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>A model's weights as ONNX tensors, read one at a time: into the graph, or straight on into a file beside it.</summary>
/// <param name="model">The weights.</param>
/// <param name="type">How matrices are stored.</param>
/// <param name="file">Where values go; null keeps them in the tensors.</param>
/// <param name="progress">Is told which part of the weights is read, from 0 to 1.</param>
/// <param name="cancel">Stops between two tensors.</param>
internal sealed class OnnxWeights(
    ModelSource model, OnnxWeightType type, ExternalDataFile? file, IProgress<double>? progress, CancellationToken cancel)
{
    private const double LargestHalf = 65504;

    private readonly long _total = Bytes(model.Config, type);
    private long _read;

    /// <summary>What all weights take together.</summary>
    public static long Bytes(ModelConfig config, OnnxWeightType type)
    {
        long c = config.EmbeddingSize, matrices = (config.VocabularySize + config.ContextLength + 12L * config.LayerCount * c) * c;
        return 4 * ModelCost.Parameters(config) - (type == OnnxWeightType.Float16 ? 2 * matrices : 0);
    }

    /// <summary>Reads a tensor by its Hugging Face name.</summary>
    /// <exception cref="InputException">It is not there, has another shape, or holds a value that the type cannot hold.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public TensorProto Read(string name, params long[] shape)
    {
        cancel.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        Tensor value = model.Read(name);
        if (!value.shape.SequenceEqual(shape))
        {
            throw new InputException($"The weights in '{model.Saved.CheckpointPath}' hold '{name}' with the shape " +
                $"({string.Join(", ", value.shape)}), but the model's configuration asks for ({string.Join(", ", shape)}).");
        }
        bool isHalf = type == OnnxWeightType.Float16 && shape.Length >= 2;
        if (isHalf) value = ToHalf(value, name);
        var tensor = new TensorProto { Name = name, DataType = (int)(isHalf ? DataType.Float16 : DataType.Float) };
        tensor.Dims.Add(shape);
        if (file is not null) file.Append(value.bytes, tensor);
        else tensor.RawData = UnsafeByteOperations.UnsafeWrap(value.bytes.ToArray()); // wrapped: the message holds no second copy
        _read += value.numel() * value.element_size();
        progress?.Report((double)_read / _total);
        return tensor;
    }

    private Tensor ToHalf(Tensor value, string name)
    {
        double largest = value.abs().max().item<float>();
        return largest <= LargestHalf ? value.to(ScalarType.Float16)
            : throw new InputException($"The weights in '{model.Saved.CheckpointPath}' hold {largest:g3} in '{name}', and half precision ends at " +
                $"{LargestHalf}: export them as fp32.");
    }
}
