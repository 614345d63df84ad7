using System.Buffers.Binary;
using System.Text;

namespace TorchLm.Export.Gguf;

/// <summary>
/// Writes GGUF version 3 (ggml's docs/gguf.md): a header, metadata, descriptions of tensors, and their values, each at a multiple of 32 bytes.
/// Everything is little-endian, and a tensor's dimensions stand innermost first.
/// </summary>
internal sealed class GgufWriter(Stream stream)
{
    public const uint Magic = 0x46554747; // "GGUF"
    public const uint Version = 3;
    public const int Alignment = 32;

    private readonly List<(string Key, Action Write)> _metadata = [];

    public void Add(string key, uint value) => _metadata.Add((key, () => Typed(4, value)));

    public void Add(string key, float value) => _metadata.Add((key, () => { Write(6u); Write(BitConverter.SingleToUInt32Bits(value)); }));

    public void Add(string key, bool value) => _metadata.Add((key, () => { Write(7u); stream.WriteByte(value ? (byte)1 : (byte)0); }));

    public void Add(string key, string value) => _metadata.Add((key, () => { Write(8u); Write(value); }));

    public void Add(string key, IReadOnlyCollection<string> values) => _metadata.Add((key, () =>
    {
        Array(8, values.Count);
        foreach (string value in values) Write(value);
    }));

    public void Add(string key, IReadOnlyCollection<int> values) => _metadata.Add((key, () =>
    {
        Array(5, values.Count);
        foreach (int value in values) Write((uint)value);
    }));

    /// <summary>Writes everything up to the first tensor's values.</summary>
    /// <param name="tensors">Names, types and shapes (outermost dimension first), in the order in which their values will follow.</param>
    public void WriteHeader(IReadOnlyCollection<(string Name, GgufType Type, long[] Shape)> tensors)
    {
        Write(Magic);
        Write(Version);
        Write((ulong)tensors.Count);
        Write((ulong)_metadata.Count);
        foreach ((string key, Action write) in _metadata)
        {
            Write(key);
            write();
        }
        long offset = 0;
        foreach ((string name, GgufType type, long[] shape) in tensors)
        {
            Write(name);
            Write((uint)shape.Length);
            foreach (long dimension in shape.Reverse()) Write((ulong)dimension);
            Write(GgufTypes.Number(type));
            Write((ulong)offset);
            offset = Aligned(offset + GgufTypes.Bytes(type, shape.Aggregate(1L, (product, dimension) => product * dimension)));
        }
        Pad();
    }

    /// <summary>Writes the next tensor's values.</summary>
    public void WriteValues(ReadOnlySpan<byte> values)
    {
        stream.Write(values);
        Pad();
    }

    public static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private void Pad() => stream.Write(new byte[Aligned(stream.Position) - stream.Position]);

    private void Typed(uint type, uint value)
    {
        Write(type);
        Write(value);
    }

    private void Array(uint type, int count)
    {
        Write(9u);
        Write(type);
        Write((ulong)count);
    }

    private void Write(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private void Write(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private void Write(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write((ulong)bytes.Length);
        stream.Write(bytes);
    }
}
