using System.Text;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;

namespace TorchLm.Data.Building;

/// <summary>How far the finished shards of a split reach.</summary>
/// <param name="Shards">The finished shards.</param>
/// <param name="Parts">How many documents and sections were written before the one in which the last shard ends.</param>
/// <param name="TokensOfPart">How many tokens of that one are in the finished shards.</param>
/// <param name="Documents">Documents of the parts before.</param>
/// <param name="Bytes">Bytes of the parts before.</param>
/// <param name="Nats">−ln p of the parts before; null where it is not known of all.</param>
internal sealed record SplitProgress(IReadOnlyList<ShardEntry> Shards, long Parts, int TokensOfPart, long Documents, long Bytes, double? Nats);

/// <summary>Writes the encoded documents of one split into its shards and counts what it wrote.</summary>
internal sealed class SplitWriter : IDisposable
{
    private readonly string _split;
    private readonly WorkFolder _work;
    private readonly TokenShardWriter _shards;
    private readonly bool _bySource;
    private long _parts, _documents, _bytes;
    private int _tokensToSkip;
    private double? _nats = 0;
    private string? _source;

    /// <summary>Prepares to write, after what the same build had finished before.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="work">Where progress is kept.</param>
    /// <param name="split">The split.</param>
    /// <param name="vocabularySize">Every id is below it.</param>
    /// <param name="maxTokensPerShard">Tokens after which the next shard begins.</param>
    /// <param name="bySource">Whether each source has shards of its own.</param>
    public SplitWriter(OutputFolder folder, WorkFolder work, string split, int vocabularySize, int maxTokensPerShard, bool bySource)
    {
        (_split, _work, _bySource) = (split, work, bySource);
        SplitProgress? progress = work.LoadProgress(split);
        if (progress is not null && !progress.Shards.All(shard => TokenShardWriter.IsWhole(folder.Location, shard))) progress = null;
        _shards = new TokenShardWriter(folder.Location, folder.Name, split, vocabularySize, maxTokensPerShard, progress?.Shards);
        if (progress is null) return;
        PartsToSkip = progress.Parts;
        (_parts, _tokensToSkip, _documents, _bytes, _nats) = (progress.Parts, progress.TokensOfPart, progress.Documents, progress.Bytes, progress.Nats);
        _source = progress.Shards is [.., var last] ? last.Source : null;
    }

    /// <summary>How many parts need not be encoded any more, because finished shards hold them.</summary>
    public long PartsToSkip { get; set; }

    /// <summary>Tokens written so far.</summary>
    public long Tokens => _shards.Tokens;

    /// <summary>Writes the ids of a document, or of a part of one that belongs to this split.</summary>
    public void Write(DocumentPart part, ReadOnlySpan<int> ids)
    {
        if (_bySource && _source is not null && _source != part.Source)
        {
            _shards.EndShard();
            Keep(0);
        }
        _source = part.Source;
        _shards.Source = _bySource ? part.Source : null;

        int skipped = Math.Min(_tokensToSkip, ids.Length);
        long before = _shards.Tokens - skipped, finished = _shards.FinishedTokens;
        _shards.Append(ids[skipped..]);
        _tokensToSkip = 0;
        if (_shards.FinishedTokens > finished) Keep((int)(_shards.FinishedTokens - before));

        _parts++;
        if (part.Begins) _documents++;
        _bytes += Encoding.UTF8.GetByteCount(part.Text);
        _nats += part.Nats; // unknown for one, unknown for all
    }

    /// <summary>Finishes the shards.</summary>
    public SplitEntry Complete() => new(Tokens, _documents, _bytes, _nats, _shards.Complete());

    /// <inheritdoc/>
    public void Dispose() => _shards.Dispose();

    private void Keep(int tokensOfPart) => _work.Save(_split, new SplitProgress(_shards.Finished, _parts, tokensOfPart, _documents, _bytes, _nats));
}
