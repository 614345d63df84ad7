using System.IO.MemoryMappedFiles;
using TorchLm.Core;

namespace TorchLm.Data.Shards;

/// <summary>
/// A file of tokens, memory-mapped: llm.c's shards of uint16 or uint32, or nanoGPT's headerless <c>train.bin</c> and
/// <c>val.bin</c>. Reading from several threads is safe; disposing while another thread reads is not.
/// </summary>
/// <remarks>
/// The operating system keeps what is read often in memory and drops it when memory is short, so that a set larger than memory
/// works too. Tokens are little-endian, as is every system that libtorch is published for.
/// </remarks>
public sealed unsafe class TokenShard : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _tokens;
    private bool _disposed;

    private TokenShard(string path, ShardLayout layout, MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        Path = path;
        Tokens = layout.Tokens;
        BytesPerToken = layout.BytesPerToken;
        _file = file;
        _view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _tokens = start + view.PointerOffset + layout.Offset;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Number of tokens.</summary>
    public long Tokens { get; }

    /// <summary>2 (uint16) or 4 (uint32).</summary>
    public int BytesPerToken { get; }

    /// <summary>Opens a shard after checking its header against its length.</summary>
    /// <exception cref="InputException">The file cannot be read, is not a shard, or is not a whole one.</exception>
    public static TokenShard Open(string path)
    {
        ShardLayout layout = ShardLayout.Read(path);
        MemoryMappedFile? file = null;
        try
        {
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
            return new TokenShard(path, layout, file, file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new InputException($"Cannot map the token file '{path}' into memory: {failure.Message}", failure);
        }
    }

    /// <summary>Reads tokens as the model wants them.</summary>
    /// <param name="start">Position of the first token, from 0.</param>
    /// <param name="destination">Filled with token ids.</param>
    /// <param name="vocabularySize">
    /// The model's vocabulary: every id must be below it. Looking at the largest id costs next to nothing here.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the shard.</exception>
    /// <exception cref="InputException">An id is outside the vocabulary; the sentence names file and position.</exception>
    public void Read(long start, Span<long> destination, int vocabularySize)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Tokens - destination.Length);

        long largest = BytesPerToken == 2
            ? Widen(new ReadOnlySpan<ushort>(_tokens + 2 * start, destination.Length), destination)
            : Widen(new ReadOnlySpan<uint>(_tokens + 4 * start, destination.Length), destination);
        if (largest >= vocabularySize) throw OutsideVocabulary(start, destination, vocabularySize);
    }

    /// <summary>Looks at every token.</summary>
    /// <param name="vocabularySize">The model's vocabulary: every id must be below it.</param>
    /// <exception cref="InputException">An id is outside the vocabulary; the sentence names file and position.</exception>
    public void CheckTokens(int vocabularySize)
    {
        long[] buffer = new long[Math.Min(Tokens, 1 << 16)];
        for (long start = 0; start < Tokens; start += buffer.Length)
        {
            Read(start, buffer.AsSpan(0, (int)Math.Min(buffer.Length, Tokens - start)), vocabularySize);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    // Returns the largest id seen.
    private static long Widen(ReadOnlySpan<ushort> tokens, Span<long> destination)
    {
        ushort largest = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            ushort token = tokens[i];
            destination[i] = token;
            largest = Math.Max(largest, token);
        }
        return largest;
    }

    private static long Widen(ReadOnlySpan<uint> tokens, Span<long> destination)
    {
        uint largest = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            uint token = tokens[i];
            destination[i] = token;
            largest = Math.Max(largest, token);
        }
        return largest;
    }

    private InputException OutsideVocabulary(long start, ReadOnlySpan<long> tokens, int vocabularySize)
    {
        int first = 0;
        while (tokens[first] < vocabularySize) first++;
        return new InputException($"The token at position {start + first} of '{Path}' is {tokens[first]}, but the " +
            $"vocabulary has only {vocabularySize} ids: use the tokenizer and the model that belong to this data, or copy the file again.");
    }
}
