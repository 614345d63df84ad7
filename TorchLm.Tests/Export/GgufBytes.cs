using System.Buffers.Binary;
using System.Text;

namespace TorchLm.Tests.Export;

/// <summary>The GGUF format once more: for reading what the writer under test made, and for files that it never would.</summary>
internal static class GgufBytes
{
    public sealed record Tensor(string Name, uint Type, ulong[] Dimensions, long Start);

    /// <summary>Keys with their values as text, and the tensors with the place of their values in the file.</summary>
    public static (Dictionary<string, string> Metadata, List<Tensor> Tensors) Read(byte[] file)
    {
        int at = 0;
        if (Encoding.ASCII.GetString(file, 0, 4) != "GGUF") throw new InvalidDataException();
        at = 4;
        if (U32() != 3) throw new InvalidDataException();
        ulong tensors = U64(), keys = U64();
        var metadata = new Dictionary<string, string>();
        for (ulong i = 0; i < keys; i++) metadata.Add(Text(), Value(U32()));
        var heads = new List<(string Name, ulong[] Dimensions, uint Type, ulong Offset)>();
        for (ulong i = 0; i < tensors; i++)
        {
            string name = Text();
            ulong[] dimensions = [.. Enumerable.Range(0, (int)U32()).Select(_ => U64())];
            heads.Add((name, dimensions, U32(), U64()));
        }
        long data = (at + 31) / 32 * 32;
        return (metadata, [.. heads.Select(h => new Tensor(h.Name, h.Type, h.Dimensions, data + (long)h.Offset))]);

        uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan((at += 4) - 4));
        ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan((at += 8) - 8));
        string Text()
        {
            int length = (int)U64();
            return Encoding.UTF8.GetString(file, (at += length) - length, length);
        }
        string Value(uint type) => type switch
        {
            4 => $"u32 {U32()}",
            5 => $"i32 {(int)U32()}",
            6 => $"f32 {BitConverter.UInt32BitsToSingle(U32())}",
            7 => $"bool {file[at++]}",
            8 => $"text {Text()}",
            9 => List(U32(), U64()),
            _ => throw new InvalidDataException($"type {type}"),
        };
        string List(uint type, ulong count) => $"[{string.Join("|", Enumerable.Range(0, (int)count).Select(_ => Value(type)))}]";
    }

    /// <summary>A file put together by hand.</summary>
    public sealed class Builder
    {
        private readonly List<byte> _bytes = [];

        public Builder Raw(params byte[] bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }

        public Builder U32(uint value) => Raw(BitConverter.GetBytes(value));

        public Builder U64(ulong value) => Raw(BitConverter.GetBytes(value));

        public Builder Text(string text) => U64((ulong)Encoding.UTF8.GetByteCount(text)).Raw(Encoding.UTF8.GetBytes(text));

        public Builder Head(ulong tensors, ulong keys, uint version = 3) => Raw("GGUF"u8.ToArray()).U32(version).U64(tensors).U64(keys);

        public Builder TensorHead(string name, ulong[] dimensions, uint type, ulong offset)
        {
            Text(name).U32((uint)dimensions.Length);
            foreach (ulong dimension in dimensions) U64(dimension);
            return U32(type).U64(offset);
        }

        public Builder Align(int extra = 0)
        {
            while (_bytes.Count % 32 != 0) _bytes.Add(0);
            return Raw(new byte[extra]);
        }

        public byte[] ToArray() => [.. _bytes];
    }
}
