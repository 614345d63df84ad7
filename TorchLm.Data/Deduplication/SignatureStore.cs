namespace TorchLm.Data.Deduplication;

/// <summary>Equally long strings of bytes, one after the other, in blocks of 4 MiB at most: growing copies no more than one of them.</summary>
internal sealed class SignatureStore
{
    private const int BlockBytes = 1 << 22;
    private const int FirstLength = 16;

    private readonly List<byte[]> _blocks = [];
    private readonly int _bytes;
    private readonly int _perBlock;

    /// <summary>Makes an empty store.</summary>
    /// <param name="bytes">The length of each string.</param>
    public SignatureStore(int bytes)
    {
        _bytes = bytes;
        _perBlock = BlockBytes / bytes;
    }

    /// <summary>Strings in the store.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of the blocks.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>One of the strings.</summary>
    public ReadOnlySpan<byte> this[long index] => _blocks[(int)(index / _perBlock)].AsSpan((int)(index % _perBlock) * _bytes, _bytes);

    /// <summary>Appends a string.</summary>
    public void Add(ReadOnlySpan<byte> value)
    {
        int block = (int)(Count / _perBlock), place = (int)(Count % _perBlock);
        if (block == _blocks.Count) _blocks.Add([]);
        if (place * _bytes == _blocks[block].Length)
        {
            // The first block grows with the documents; later ones are made whole.
            int length = block > 0 ? _perBlock : Math.Min(_perBlock, Math.Max(FirstLength, place * 2));
            byte[] grown = new byte[length * _bytes];
            _blocks[block].CopyTo(grown, 0);
            MemoryBytes += grown.Length - _blocks[block].Length;
            _blocks[block] = grown;
        }
        value.CopyTo(_blocks[block].AsSpan(place * _bytes));
        Count++;
    }
}
