using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>A tensor that is yet to be written: what a header says of it, and where its values then come from.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its type in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Read">Gives the values, in a dispose scope of the writer's: new tensors are freed there, those of the caller stay.</param>
public sealed record TensorToWrite(string Name, ScalarType Type, long[] Shape, Func<Tensor> Read)
{
    /// <summary>How many values it has.</summary>
    public long Elements => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}

/// <summary>
/// Writes Hugging Face's safetensors format: a 64-bit little-endian header length, a JSON header with each tensor's dtype, shape and byte range, then
/// the values.
/// </summary>
public static class SafeTensors
{
    internal static readonly IReadOnlyDictionary<string, (ScalarType Type, int Size)> Types = new Dictionary<string, (ScalarType, int)>
    {
        ["F64"] = (ScalarType.Float64, 8),
        ["F32"] = (ScalarType.Float32, 4),
        ["F16"] = (ScalarType.Float16, 2),
        ["BF16"] = (ScalarType.BFloat16, 2),
        ["I64"] = (ScalarType.Int64, 8),
        ["I32"] = (ScalarType.Int32, 4),
        ["U8"] = (ScalarType.Byte, 1),
        ["BOOL"] = (ScalarType.Bool, 1),
    };

    /// <summary>Writes tensors to a stream, whatever device they are on.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">Names and values; the caller keeps them.</param>
    public static void Write(Stream stream, IReadOnlyCollection<(string Name, Tensor Value)> tensors) =>
        Write(stream, [.. tensors.Select(t => new TensorToWrite(t.Name, t.Value.dtype, t.Value.shape, () => t.Value))]);

    /// <summary>Writes tensors to a stream, of which one at a time is in memory.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">What is to be written, in this order.</param>
    /// <param name="progress">Told the bytes of values that have been written so far.</param>
    /// <param name="cancel">Stops between two tensors.</param>
    /// <exception cref="InvalidOperationException">A tensor has another type or shape than was said.</exception>
    public static void Write(Stream stream, IReadOnlyCollection<TensorToWrite> tensors, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        byte[] header = Header(tensors);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        long written = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor value = tensor.Read();
            if (value.dtype != tensor.Type || !value.shape.AsSpan().SequenceEqual(tensor.Shape))
            {
                throw new InvalidOperationException($"'{tensor.Name}' was announced with another type or shape than its values have.");
            }
            Span<byte> bytes = value.detach().cpu().contiguous().bytes;
            stream.Write(bytes);
            progress?.Report(written += bytes.Length);
        }
    }

    /// <summary>How many bytes a tensor's values take in a file.</summary>
    internal static long BytesOf(TensorToWrite tensor) => tensor.Elements * Types.Values.First(t => t.Type == tensor.Type).Size;

    private static byte[] Header(IReadOnlyCollection<TensorToWrite> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt"); // transformers refuses files without it
            json.WriteEndObject();
            long offset = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                (string name, ScalarType type, long[] shape, _) = tensor;
                (string dtype, int size) = Types.Where(t => t.Value.Type == type).Select(t => (t.Key, t.Value.Size)).SingleOrDefault();
                if (dtype is null) throw new NotSupportedException($"safetensors has no type for {type} ({name}).");
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype);
                json.WriteStartArray("shape");
                foreach (long dimension in shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Elements * size);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' '); // values start aligned
        return buffer.ToArray();
    }
}
