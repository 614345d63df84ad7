using TorchLm.Export.Onnx.Proto;

namespace TorchLm.Export.Onnx;

/// <summary>
/// Values of tensors in a file of their own, as ONNX's specification of external data describes it: a protobuf message, which the model's file is,
/// cannot exceed 2 GiB.
/// </summary>
/// <param name="stream">The file, from its beginning.</param>
/// <param name="name">Its name, relative to the model's folder.</param>
internal sealed class ExternalDataFile(Stream stream, string name)
{
    /// <summary>A memory page: readers map the file instead of copying it.</summary>
    public const int Alignment = 4096;

    private long _length;

    /// <summary>Writes a tensor's values and notes in the tensor where they are.</summary>
    public void Append(ReadOnlySpan<byte> values, TensorProto tensor)
    {
        long padding = (Alignment - _length % Alignment) % Alignment;
        stream.Write(new byte[padding]);
        stream.Write(values);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(
        [
            new StringStringEntryProto { Key = "location", Value = name },
            new StringStringEntryProto { Key = "offset", Value = $"{_length + padding}" },
            new StringStringEntryProto { Key = "length", Value = $"{values.Length}" },
        ]);
        _length += padding + values.Length;
    }
}
