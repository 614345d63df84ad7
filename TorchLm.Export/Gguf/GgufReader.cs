using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using TorchLm.Core;
using static TorchSharp.torch;

namespace TorchLm.Export.Gguf;

/// <summary>
/// Reads a GGUF file, version 2 or 3, trusting none of it: every length is checked against what is left of the file, and of a head of
/// 256 MB, before anything is allocated for it, and every tensor's values lie in the file, aligned, and in no other's.
/// </summary>
internal sealed class GgufReader : IDisposable
{
    private const int NameLimit = 4096, DimensionLimit = 4, AlignmentLimit = 1 << 20;

    // A sparse or packed file of many gigabytes costs its sender nothing, so that its length alone justifies no allocation. The largest vocabularies
    // that are about, with their merges, take some 20 MB.
    private const long HeadLimit = 256 << 20;

    private readonly Stream _file;
    private readonly Dictionary<string, object> _metadata = [];
    private readonly Dictionary<string, Entry> _tensors = [];
    private readonly long _dataStart;

    private sealed record Entry(uint TypeNumber, long[] Shape, long Offset, long Bytes);

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It cannot be read, or is not a sound GGUF file.</exception>
    public static GgufReader Open(string path)
    {
        try
        {
            return new GgufReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>Reads the head of a file, which is closed with the reader.</summary>
    public GgufReader(Stream file, string path)
    {
        (_file, Path) = (file, path);
        try
        {
            if (ReadUInt32() != GgufWriter.Magic) throw Wrong("is no GGUF file: it does not begin with those letters");
            uint version = ReadUInt32();
            if (version is not (2 or 3)) throw Wrong(version == 3 << 24 ? "is for big-endian machines" : $"has version {version}; 2 and 3 are known");
            ulong tensors = ReadUInt64(), keys = ReadUInt64();
            RequireRoom(tensors, 24, "tensors");
            RequireRoom(keys, 13, "keys");
            for (ulong i = 0; i < keys; i++) ReadKey();
            int alignment = ReadAlignment();
            for (ulong i = 0; i < tensors; i++) ReadTensor(alignment);
            _dataStart = (_file.Position + alignment - 1) / alignment * alignment;
            CheckRanges();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors' names.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>A tensor's shape, outermost dimension first, or null where there is none of that name.</summary>
    public IReadOnlyList<long>? ShapeOf(string name) => _tensors.GetValueOrDefault(name)?.Shape;

    /// <summary>A value of the metadata; null where it is not there.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public T? Find<T>(string key) where T : class => !_metadata.TryGetValue(key, out object? value) ? null
        : value as T ?? throw Wrong($"has '{key}' of another type than it should be");

    /// <summary>Whether the metadata has a key.</summary>
    public bool Has(string key) => _metadata.ContainsKey(key);

    /// <summary>A whole number of the metadata, or what it is where it is not there.</summary>
    public int Count(string key, int absent) => Has(key) ? Count(key) : absent;

    /// <summary>A whole number of the metadata.</summary>
    /// <exception cref="InputException">It is not there, or is no number from 1 to 2³¹ - 1.</exception>
    public int Count(string key)
    {
        if (!_metadata.TryGetValue(key, out object? value)) throw Wrong($"has no '{key}'");
        return value is long number and >= 1 and <= int.MaxValue ? (int)number : throw Wrong($"has '{key}' that is no whole number from 1 up");
    }

    /// <summary>A floating-point number of the metadata; null where it is not there.</summary>
    public double? Number(string key) => !_metadata.TryGetValue(key, out object? value) ? null
        : value is double number ? number : throw Wrong($"has '{key}' that is not a floating-point number");

    /// <summary>Reads a tensor as float32. The caller owns it.</summary>
    /// <exception cref="InputException">
    /// There is none of that name, it is quantised in a way that TorchLm does not read, or the file ends early.
    /// </exception>
    public Tensor Read(string name)
    {
        if (!_tensors.TryGetValue(name, out Entry? entry)) throw Wrong($"has no tensor '{name}'");
        GgufType type = GgufTypes.Find(entry.TypeNumber)
            ?? throw Wrong($"holds '{name}' in {GgufTypes.NameOf(entry.TypeNumber)}; fp32, fp16, bf16, q8_0 and q4_0 can be read");
        using var scope = NewDisposeScope();
        _file.Position = _dataStart + entry.Offset;
        if (GgufTypes.IsQuantized(type))
        {
            byte[] blocks = new byte[entry.Bytes];
            ReadExactly(blocks, name);
            Tensor result = empty(entry.Shape, ScalarType.Float32);
            Span<float> weights = MemoryMarshal.Cast<byte, float>(result.bytes);
            if (type == GgufType.Q8) QuantizedBlocks.FromQ8(blocks, weights);
            else QuantizedBlocks.FromQ4(blocks, weights);
            return result.MoveToOuterDisposeScope();
        }
        Tensor value = empty(entry.Shape, type switch
        {
            GgufType.F16 => ScalarType.Float16,
            GgufType.BF16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        });
        ReadExactly(value.bytes, name);
        return value.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The sentence for something that is wrong with the file.</summary>
    public InputException Wrong(string what) => new($"The model '{Path}' cannot be used: the file {what}.");

    private void ReadKey()
    {
        string key = ReadString(NameLimit);
        if (!_metadata.TryAdd(key, ReadValue(ReadUInt32(), key))) throw Wrong($"has the key '{key}' twice");
    }

    /// <summary>
    /// Integers become long, floating-point numbers double, arrays arrays of strings or of long (others are skipped as an empty array of object).
    /// </summary>
    private object ReadValue(uint type, string key) => type switch
    {
        0 => (long)ReadBytes(1)[0],
        1 => (long)(sbyte)ReadBytes(1)[0],
        2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(ReadBytes(2)),
        4 => (long)ReadUInt32(),
        5 => (long)(int)ReadUInt32(),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(ReadBytes(4)),
        7 => ReadBytes(1)[0] switch { 0 => (object)false, 1 => true, _ => throw Wrong($"has '{key}' that is neither true nor false") },
        8 => ReadString(long.MaxValue),
        9 => ReadArray(key),
        10 => ReadUInt64() is var number and <= long.MaxValue ? (long)number : throw Wrong($"has '{key}' that is too large"),
        11 => (long)ReadUInt64(),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(ReadBytes(8)),
        _ => throw Wrong($"has '{key}' of the unknown type {type}"),
    };

    private object ReadArray(string key)
    {
        uint type = ReadUInt32();
        ulong count = ReadUInt64();
        int size = type switch
        {
            0 or 1 or 7 => 1,
            2 or 3 => 2,
            4 or 5 or 6 => 4,
            8 or 10 or 11 or 12 => 8, // a text has at least its length
            _ => throw Wrong($"has '{key}' that is a list of lists or of an unknown type"),
        };
        RequireRoom(count, size, $"values in '{key}'");
        if (type == 8)
        {
            string[] texts = new string[count];
            for (int i = 0; i < texts.Length; i++) texts[i] = ReadString(long.MaxValue);
            return texts;
        }
        if (type is 4 or 5)
        {
            long[] numbers = new long[count];
            for (int i = 0; i < numbers.Length; i++) numbers[i] = type == 5 ? (int)ReadUInt32() : ReadUInt32();
            return numbers;
        }
        _file.Position += (long)count * size; // of no use here
        return Array.Empty<object>();
    }

    private int ReadAlignment()
    {
        if (!_metadata.TryGetValue("general.alignment", out object? value)) return GgufWriter.Alignment;
        return value is long alignment and >= 8 and <= AlignmentLimit && (alignment & (alignment - 1)) == 0 ? (int)alignment
            : throw Wrong($"has a general.alignment that is no power of two from 8 to {AlignmentLimit}");
    }

    private void ReadTensor(int alignment)
    {
        string name = ReadString(NameLimit);
        uint dimensions = ReadUInt32();
        if (dimensions is 0 or > DimensionLimit) throw Wrong($"has a tensor '{name}' of {dimensions} dimensions");
        long[] shape = new long[dimensions];
        Int128 weights = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong dimension = ReadUInt64();
            weights *= dimension;
            if (dimension == 0 || weights > int.MaxValue / 4) throw Wrong($"has a tensor '{name}' that is empty or larger than 2 GB");
            shape[i] = (long)dimension;
        }
        uint number = ReadUInt32();
        ulong offset = ReadUInt64();
        if (offset % (ulong)alignment != 0 || offset > (ulong)_file.Length)
        {
            throw Wrong($"has a tensor '{name}' at offset {offset}, which is not aligned or not in the file");
        }
        GgufType? type = GgufTypes.Find(number);
        if (type is { } known && GgufTypes.IsQuantized(known) && shape[^1] % GgufTypes.BlockSize != 0)
        {
            throw Wrong($"has a quantised tensor '{name}' with rows of {shape[^1]} weights");
        }
        long bytes = type is null ? 0 : GgufTypes.Bytes(type.Value, (long)weights); // how large an unknown type is, is not known
        if (!_tensors.TryAdd(name, new Entry(number, shape, (long)offset, bytes))) throw Wrong($"has the tensor '{name}' twice");
    }

    private void CheckRanges()
    {
        long end = 0;
        foreach ((string name, Entry entry) in _tensors.OrderBy(t => t.Value.Offset).ThenBy(t => t.Value.Bytes))
        {
            if (entry.Offset < end) throw Wrong($"has a tensor '{name}' that overlaps another one");
            end = entry.Offset + entry.Bytes;
            if (_dataStart + end > _file.Length) throw Wrong($"ends before the values of '{name}' do");
        }
    }

    /// <summary>Bytes that the head may still have.</summary>
    private long Room => Math.Max(0, Math.Min(_file.Length, HeadLimit) - _file.Position);

    private string TooMuch => _file.Length <= HeadLimit ? "more than it has room for; copy or get it again"
        : $"more than a head of {HeadLimit >> 20} MB has room for; copy or get it again";

    private void RequireRoom(ulong count, int size, string what)
    {
        if (count > (ulong)Room / (ulong)size) throw Wrong($"promises {count} {what}, {TooMuch}");
    }

    private string ReadString(long limit)
    {
        ulong length = ReadUInt64();
        if (length > (ulong)Math.Min(limit, Room)) throw Wrong($"has a text of {length} bytes, {TooMuch}");
        try
        {
            return s_utf8.GetString(ReadBytes((int)length));
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"The model '{Path}' cannot be used: a text in it is not valid UTF-8.", e);
        }
    }

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    private ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(8));

    private byte[] ReadBytes(int count)
    {
        byte[] bytes = new byte[count];
        ReadExactly(bytes, "its head");
        return bytes;
    }

    private void ReadExactly(Span<byte> bytes, string what)
    {
        try
        {
            _file.ReadExactly(bytes);
        }
        catch (EndOfStreamException e)
        {
            throw new InputException($"The model '{Path}' cannot be used: the file ended while {what} was read.", e);
        }
    }
}
