using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Shards;

/// <summary>A shard as <c>dataset.json</c> lists it.</summary>
/// <param name="File">The file's name within the set's folder.</param>
/// <param name="Tokens">Number of tokens.</param>
/// <param name="Sha256">SHA-256 of the whole file, in lower-case hexadecimal digits.</param>
public sealed record ShardEntry(string File, long Tokens, string Sha256);

/// <summary>
/// Writes the tokens of one split into shards in llm.c's format. A shard is written under a temporary name, flushed to the disk
/// and then renamed, so that a file with a shard's name is always a whole one.
/// </summary>
public sealed class TokenShardWriter : IDisposable
{
    /// <summary>How many tokens a shard holds at most unless told otherwise: 100 million, as in llm.c's FineWeb.</summary>
    public const int DefaultMaxTokens = 100_000_000;

    /// <summary>What a shard's name ends with until it is whole.</summary>
    internal const string TemporarySuffix = ".tmp";

    private readonly string _folder, _name, _split;
    private readonly int _vocabularySize, _bytesPerToken, _maxTokens;
    private readonly List<ShardEntry> _shards = [];
    private readonly byte[] _buffer = new byte[1 << 16];
    private FileStream? _file;
    private int _tokensInShard;

    /// <summary>Prepares to write; files appear with the first token.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="name">The data set's name, the first part of the shards' names.</param>
    /// <param name="split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
    /// <param name="vocabularySize">
    /// Every id is below it; up to 65,536 tokens are stored as uint16, beyond that as uint32.
    /// </param>
    /// <param name="maxTokens">Tokens after which the next shard begins.</param>
    public TokenShardWriter(string folder, string name, string split, int vocabularySize, int maxTokens = DefaultMaxTokens)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!SplitNames.All.Contains(split))
        {
            throw new ArgumentException($"A split is called train, val or test, not '{split}'.", nameof(split));
        }
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTokens);
        (_folder, _name, _split, _vocabularySize, _maxTokens) = (folder, name, split, vocabularySize, maxTokens);
        _bytesPerToken = ShardLayout.BytesPerTokenFor(vocabularySize);
    }

    /// <summary>Tokens appended so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Appends token ids, beginning new shards as needed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void Append(ReadOnlySpan<int> ids)
    {
        while (ids.Length > 0)
        {
            if (_tokensInShard == _maxTokens) FinishShard();
            _file ??= BeginShard();
            int count = Math.Min(Math.Min(ids.Length, _maxTokens - _tokensInShard), _buffer.Length / _bytesPerToken);
            Pack(ids[..count]);
            _file.Write(_buffer, 0, count * _bytesPerToken);
            _tokensInShard += count;
            Tokens += count;
            ids = ids[count..];
        }
    }

    /// <summary>Finishes the last shard and lists all of them; none where nothing was appended.</summary>
    public IReadOnlyList<ShardEntry> Complete()
    {
        if (_file is not null) FinishShard();
        return _shards;
    }

    /// <summary>Removes the shard that was not finished, if there is one; finished shards stay.</summary>
    public void Dispose()
    {
        if (_file is null) return;
        string path = _file.Name;
        _file.Dispose();
        _file = null;
        File.Delete(path);
    }

    private FileStream BeginShard()
    {
        string path = Path.Combine(_folder, ShardName.Format(_name, _split, _shards.Count)) + TemporarySuffix;
        FileStream file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16);
        file.Write(ShardLayout.MakeHeader(_bytesPerToken, 0)); // the count is filled in at the end
        return file;
    }

    private void FinishShard()
    {
        FileStream file = _file!;
        file.Position = 0;
        file.Write(ShardLayout.MakeHeader(_bytesPerToken, _tokensInShard));
        file.Flush(flushToDisk: true);
        file.Position = 0;
        string hash = Convert.ToHexStringLower(SHA256.HashData(file));
        file.Dispose();
        _file = null;

        string finished = file.Name[..^TemporarySuffix.Length];
        File.Move(file.Name, finished, overwrite: true);
        _shards.Add(new ShardEntry(Path.GetFileName(finished), _tokensInShard, hash));
        _tokensInShard = 0;
    }

    private void Pack(ReadOnlySpan<int> ids)
    {
        Span<ushort> narrow = MemoryMarshal.Cast<byte, ushort>(_buffer.AsSpan());
        Span<uint> wide = MemoryMarshal.Cast<byte, uint>(_buffer.AsSpan());
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)_vocabularySize)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), ids[i], $"A token id must be in [0, {_vocabularySize}).");
            }
            if (_bytesPerToken == 2) narrow[i] = (ushort)ids[i];
            else wide[i] = (uint)ids[i];
        }
    }
}
