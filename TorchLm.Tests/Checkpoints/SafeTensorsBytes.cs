using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace TorchLm.Tests.Checkpoints;

/// <summary>The safetensors format once more, for files that the writer under test would never make and for reading what it made.</summary>
internal static class SafeTensorsBytes
{
    /// <summary>A file of that header and so many bytes of values: 0, 1, 2, …</summary>
    public static byte[] File(string header, int valueBytes) => File(Encoding.UTF8.GetBytes(header), valueBytes);

    /// <inheritdoc cref="File(string, int)"/>
    public static byte[] File(byte[] header, int valueBytes) =>
        [.. Length((ulong)header.Length), .. header, .. Enumerable.Range(0, valueBytes).Select(i => (byte)i)];

    /// <summary>The eight bytes before a header.</summary>
    public static byte[] Length(ulong length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        return bytes;
    }

    /// <summary>Names, dtypes, shapes and values of a file of float32 tensors, in the file's order.</summary>
    public static List<(string Name, string Type, long[] Shape, float[] Values)> Read(string path)
    {
        byte[] file = System.IO.File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        var tensors = new List<(string, string, long[], float[])>();
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            long[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            int[] range = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt32())];
            var values = new float[(range[1] - range[0]) / 4];
            Buffer.BlockCopy(file, 8 + header + range[0], values, 0, range[1] - range[0]);
            tensors.Add((tensor.Name, tensor.Value.GetProperty("dtype").GetString()!, shape, values));
        }
        return tensors;
    }
}
