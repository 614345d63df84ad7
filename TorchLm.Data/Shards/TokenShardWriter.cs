using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Shards;

/// <summary>A shard as <c>dataset.json</c> lists it.</summary>
/// <param name="File">The file's name within the set's folder.</param>
/// <param name="Tokens">Number of tokens.</param>
/// <param name="Sha256">SHA-256 of the whole file, in lower-case hexadecimal digits.</param>
/// <param name="Source">The source of a mixture that it belongs to; null where the set is none.</param>
public sealed record ShardEntry(
    string File, long Tokens, string Sha256, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Source = null);

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
    private readonly List<ShardEntry> _shards;
    private readonly byte[] _buffer = new byte[1 << 16];
    private FileStream? _file;
    private int _tokensInShard;
    private string? _sourceOfShard;

    /// <summary>Prepares to write; files appear with the first token.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="name">The data set's name, the first part of the shards' names.</param>
    /// <param name="split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
    /// <param name="vocabularySize">
    /// Every id is below it; up to 65,536 tokens are stored as uint16, beyond that as uint32.
    /// </param>
    /// <param name="maxTokens">Tokens after which the next shard begins.</param>
    /// <param name="finished">Whole shards of this split that are in the folder already; null where none is.</param>
    public TokenShardWriter(string folder, string name, string split, int vocabularySize, int maxTokens = DefaultMaxTokens,
        IReadOnlyList<ShardEntry>? finished = null)
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
        _shards = [.. finished ?? []];
        Tokens = FinishedTokens = _shards.Sum(shard => shard.Tokens);
    }

    /// <summary>Tokens appended so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Tokens in finished shards.</summary>
    public long FinishedTokens { get; private set; }

    /// <summary>The finished shards.</summary>
    internal IReadOnlyList<ShardEntry> Finished => [.. _shards];

    /// <summary>The source of a mixture that the next tokens come from; null where the set is none.</summary>
    internal string? Source { get; set; }

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

    /// <summary>Finishes the shard that was begun, so that the next tokens begin another; nothing where none was.</summary>
    internal void EndShard()
    {
        if (_file is not null) FinishShard();
    }

    /// <summary>Whether a finished shard is in the folder and as it was.</summary>
    internal static bool IsWhole(string folder, ShardEntry shard)
    {
        string path = Path.Combine(folder, shard.File);
        if (!ShardName.IsPlain(shard.File) || !File.Exists(path)) return false;
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file)) == shard.Sha256;
    }

    /// <summary>Finishes the last shard and lists all of them; none where nothing was appended.</summary>
    public IReadOnlyList<ShardEntry> Complete()
    {
        EndShard();
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
        _sourceOfShard = Source;
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
        _shards.Add(new ShardEntry(Path.GetFileName(finished), _tokensInShard, hash, _sourceOfShard));
        FinishedTokens += _tokensInShard;
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
