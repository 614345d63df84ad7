using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Inspection;

/// <summary>What the tokens of a data set are: how long its documents, which tokens are frequent, how some documents read.</summary>
public sealed class DatasetInspection
{
    private const int BufferLength = 1 << 16;

    // Where the tokenizer is not known, one damaged id of 32 bits must not decide how long the table of counts gets: no vocabulary is near this.
    private const int LargestVocabulary = 1 << 24;

    private readonly ITokenizer? _tokenizer;
    private readonly int? _endOfText;
    private readonly int _sampleCount, _sampleTokens, _vocabularySize;
    private long[] _counts;

    private DatasetInspection(ITokenizer? tokenizer, int sampleCount, int sampleTokens)
    {
        (_tokenizer, _endOfText, _sampleCount, _sampleTokens) = (tokenizer, tokenizer?.EndOfTextId, sampleCount, sampleTokens);
        _vocabularySize = tokenizer?.VocabularySize ?? LargestVocabulary;
        _counts = new long[tokenizer?.VocabularySize ?? 1 << 16];
    }

    /// <summary>Each split's documents.</summary>
    public List<SplitInspection> Splits { get; } = [];

    /// <summary>How often each id occurs, in all splits; ids that do not occur at the end may be missing.</summary>
    public IReadOnlyList<long> TokenCounts => _counts;

    /// <summary>How many ids of the vocabulary never occur; null where the vocabulary is not known.</summary>
    public int? UnusedTokens => _tokenizer is null ? null : _counts.Count(count => count == 0);

    /// <summary>Reads all tokens of a data set.</summary>
    /// <param name="dataset">The set.</param>
    /// <param name="tokenizer">Its tokenizer, which tells where documents begin; null where it is not known.</param>
    /// <param name="sampleCount">How many documents of each split are kept as samples: the first, and others as far apart as can be.</param>
    /// <param name="sampleTokens">How many tokens of each sample are kept.</param>
    /// <param name="progress">Told the share of the set that has been read.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InputException">A shard cannot be read, or holds ids outside the tokenizer's vocabulary, or beyond every vocabulary.</exception>
    public static DatasetInspection Of(TokenDataset dataset, ITokenizer? tokenizer, int sampleCount = 3, int sampleTokens = 100,
        IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var inspection = new DatasetInspection(tokenizer, sampleCount, sampleTokens);
        double total = dataset.Splits.Sum(split => split.Tokens), done = 0;
        foreach (DatasetSplit split in dataset.Splits)
        {
            inspection.Read(split, count =>
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report((done += count) / total);
            });
        }
        return inspection;
    }

    private void Read(DatasetSplit split, Action<int> report)
    {
        var lengths = new LengthHistogram();
        List<DocumentSample> samples = [];
        List<int> head = []; // the beginning of the document that is being read
        long length = 0, start = 0, position = 0;
        long[] buffer = new long[BufferLength];
        foreach (SplitShard file in split.Shards)
        {
            using TokenShard shard = TokenShard.Open(file.Path);
            for (long from = 0; from < shard.Tokens; from += buffer.Length)
            {
                Span<long> ids = buffer.AsSpan(0, (int)Math.Min(buffer.Length, shard.Tokens - from));
                shard.Read(from, ids, _vocabularySize);
                foreach (long id in ids)
                {
                    Count((int)id);
                    if (id == _endOfText) End();
                    else
                    {
                        if (length == 0) start = position;
                        length++;
                        if (head.Count < _sampleTokens) head.Add((int)id);
                    }
                    position++;
                }
                report(ids.Length);
            }
        }
        End();
        Splits.Add(new SplitInspection(split.Name, lengths, samples));

        void End()
        {
            if (length > 0)
            {
                lengths.Add(length);
                // The next sample is due when its part of the split has been passed; the first document is the first sample.
                if (samples.Count < _sampleCount && start >= samples.Count * split.Tokens / _sampleCount)
                {
                    samples.Add(new DocumentSample(start, length, [.. head]));
                }
            }
            length = 0;
            head.Clear();
        }
    }

    private void Count(int id)
    {
        if (id >= _counts.Length) Array.Resize(ref _counts, Math.Min(Math.Max(id + 1, 2 * _counts.Length), _vocabularySize));
        _counts[id]++;
    }
}

/// <summary>What the tokens of a split are.</summary>
/// <param name="Name">The split.</param>
/// <param name="Lengths">How long its documents are, without the tokens between them.</param>
/// <param name="Samples">Some of its documents.</param>
public sealed record SplitInspection(string Name, LengthHistogram Lengths, IReadOnlyList<DocumentSample> Samples);

/// <summary>The beginning of a document.</summary>
/// <param name="Position">The place of its first token in the split.</param>
/// <param name="Length">Its tokens in all.</param>
/// <param name="Ids">The first of them.</param>
public sealed record DocumentSample(long Position, long Length, IReadOnlyList<int> Ids);
