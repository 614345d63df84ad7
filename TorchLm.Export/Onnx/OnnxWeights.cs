using Google.Protobuf;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
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
    private readonly ITensorSource _weights = model.As(Shape(model.Config)); // closed with the model
    private readonly long _total = Bytes(model.Config, type);
    private long _read;

    /// <summary>What all weights take together.</summary>
    public static long Bytes(ModelConfig config, OnnxWeightType type) => ModelWeights.Describe(Shape(config))
        .Where(t => config.Bias || !ModelWeights.IsBias(t.Name)) // those of zero are not read
        .Sum(t => t.Shape.Aggregate(1L, (product, dimension) => product * dimension) * (IsHalf(type, t.Shape.Length) ? 2 : 4));

    /// <summary>A model's shape under GPT-2's names, which all graphs have whatever the model's family is, and with sinusoids as learned positions.</summary>
    private static ModelConfig Shape(ModelConfig config) => config with
    {
        Family = ModelConfig.Gpt2,
        Positions = config.Positions == ModelConfig.Sinusoidal ? ModelConfig.LearnedPositions : config.Positions,
    };

    private static bool IsHalf(OnnxWeightType type, int dimensions) => type == OnnxWeightType.Float16 && dimensions >= 2;

    /// <summary>Reads a tensor by GPT-2's name.</summary>
    /// <exception cref="InputException">It holds a value that the type cannot hold.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public TensorProto Read(string name)
    {
        cancel.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        Tensor value = ModelSource.AsFloat32(_weights.Read(name));
        bool isHalf = IsHalf(type, (int)value.dim());
        if (isHalf) value = TensorCast.To(value, ScalarType.Float16, name);
        var tensor = new TensorProto { Name = name, DataType = (int)(isHalf ? DataType.Float16 : DataType.Float) };
        tensor.Dims.Add(value.shape);
        if (file is not null) file.Append(value.bytes, tensor);
        else tensor.RawData = UnsafeByteOperations.UnsafeWrap(value.bytes.ToArray()); // wrapped: the message holds no second copy
        _read += value.numel() * value.element_size();
        progress?.Report((double)_read / _total);
        return tensor;
    }
}
