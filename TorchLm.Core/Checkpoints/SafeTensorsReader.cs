using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// Reads a safetensors file one tensor at a time. The header is checked against the file before anything is allocated: lengths, types, shapes, and
/// byte ranges that lie in the file, fit their shapes and do not overlap.
/// </summary>
public sealed class SafeTensorsReader : ITensorSource
{
    private const long HeaderLimit = 100_000_000; // as in the reference implementation

    private readonly FileStream _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, Entry> _entries;

    private sealed record Entry(ScalarType Type, long[] Shape, long Begin, long End);

    /// <summary>Opens the file and checks its header.</summary>
    /// <exception cref="InputException">There is no such file, or it is not a sound safetensors file.</exception>
    public SafeTensorsReader(string path)
    {
        Path = path;
        try
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read the weights '{path}': {e.Message}", e);
        }
        try
        {
            (_entries, _dataStart) = ReadHeader();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The tensors' names, in the order of the header.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => _entries.GetValueOrDefault(name)?.Shape;

    /// <inheritdoc/>
    public Tensor Read(string name)
    {
        if (!_entries.TryGetValue(name, out Entry? entry)) throw Wrong($"has no tensor '{name}'");
        Tensor tensor = empty(entry.Shape, entry.Type);
        _file.Position = _dataStart + entry.Begin;
        try
        {
            _file.ReadExactly(tensor.bytes);
        }
        catch (EndOfStreamException)
        {
            tensor.Dispose();
            throw Damaged($"ended while '{name}' was read");
        }
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private (Dictionary<string, Entry> Entries, long DataStart) ReadHeader()
    {
        Span<byte> length = stackalloc byte[8];
        if (_file.Length < 8) throw Damaged("is shorter than a header");
        _file.ReadExactly(length);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (size > HeaderLimit || size > (ulong)_file.Length - 8) throw Damaged($"has a header length of {size} bytes, more than the file can hold");
        byte[] header = new byte[size];
        _file.ReadExactly(header);

        long dataStart = 8 + (long)size, dataLength = _file.Length - dataStart;
        var entries = new Dictionary<string, Entry>();
        try
        {
            using JsonDocument json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw Damaged("has a header that is not a JSON object");
            foreach (JsonProperty property in json.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
            {
                entries.Add(property.Name, ReadEntry(property, dataLength));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter where a text is not Unicode
        {
            throw new InputException($"The weights '{Path}' have a header that is not valid JSON in UTF-8, or in which a name stands twice: the file is damaged or " +
                "not safetensors; copy or get it again.", e);
        }

        long end = 0;
        foreach ((string name, Entry entry) in entries.OrderBy(e => e.Value.Begin).ThenBy(e => e.Value.End))
        {
            if (entry.Begin != end) throw Damaged($"has a gap or an overlap before the tensor '{name}'");
            end = entry.End;
        }
        if (end != dataLength) throw Damaged($"holds {dataLength} bytes of values where its header describes {end}");
        return (entries, dataStart);
    }

    private Entry ReadEntry(JsonProperty property, long dataLength)
    {
        JsonElement value = property.Value;
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out JsonElement shape) || !value.TryGetProperty("data_offsets", out JsonElement offsets)
            || !TryIntegers(shape, out long[] dimensions) || !TryIntegers(offsets, out long[] range) || range.Length != 2)
        {
            throw Damaged($"describes the tensor '{property.Name}' without a proper dtype, shape and data_offsets");
        }
        if (!SafeTensors.Types.TryGetValue(dtype.GetString()!, out (ScalarType Type, int Size) type))
        {
            throw Wrong($"holds the tensor '{property.Name}' as {dtype.GetString()}, which is not one of {string.Join(", ", SafeTensors.Types.Keys)}");
        }
        Int128 bytes = type.Size, extent = type.Size; // the latter also bounds the strides of a tensor without values
        foreach (long dimension in dimensions)
        {
            (bytes, extent) = (bytes * dimension, extent * Math.Max(dimension, 1));
            if (extent > int.MaxValue) throw Wrong($"has a tensor '{property.Name}' of more than 2 GB");
        }
        if (range[0] > range[1] || range[1] > dataLength || range[1] - range[0] != (long)bytes)
        {
            throw Damaged($"gives the tensor '{property.Name}' the bytes {range[0]} to {range[1]}, which do not fit its shape or the file");
        }
        return new Entry(type.Type, dimensions, range[0], range[1]);
    }

    private static bool TryIntegers(JsonElement array, out long[] values)
    {
        values = [];
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > 16) return false;
        var list = new List<long>();
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long value) || value < 0) return false;
            list.Add(value);
        }
        values = [.. list];
        return true;
    }

    private InputException Damaged(string what) => Wrong($"{what}; copy or get it again");

    private InputException Wrong(string what) => new($"The weights '{Path}' cannot be used: the file {what}.");
}
