using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

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

    /// <summary>Writes tensors to a stream, one at a time, whatever device they are on.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">Names and values; the caller keeps them.</param>
    public static void Write(Stream stream, IReadOnlyCollection<(string Name, Tensor Value)> tensors)
    {
        byte[] header = Header(tensors);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((_, Tensor value) in tensors)
        {
            using var scope = NewDisposeScope();
            stream.Write(value.detach().cpu().contiguous().bytes);
        }
    }

    private static byte[] Header(IReadOnlyCollection<(string Name, Tensor Value)> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt"); // transformers refuses files without it
            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, Tensor value) in tensors)
            {
                (string dtype, int size) = Types.Where(t => t.Value.Type == value.dtype).Select(t => (t.Key, t.Value.Size)).SingleOrDefault();
                if (dtype is null) throw new NotSupportedException($"safetensors has no type for {value.dtype} ({name}).");
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype);
                json.WriteStartArray("shape");
                foreach (long dimension in value.shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += value.numel() * size);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' '); // values start aligned
        return buffer.ToArray();
    }
}
