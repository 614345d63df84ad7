using System.Runtime.InteropServices;

namespace TorchLm.Tokenizers;

/// <summary>
/// Trains byte-level BPE on a corpus: add the documents one by one, then <see cref="Train(CancellationToken)"/>. The same
/// documents and options give the same vocabulary on every machine, in whatever order the documents come. Not for several
/// threads at once.
/// </summary>
/// <remarks>
/// Ids: the 256 bytes in <see cref="ByteAlphabet.Order"/> (0 to 255, as GPT-2's), then one id for each merge in the order in
/// which they were made, then the special tokens. Each merge takes the pair that occurs most often (every two neighbours within
/// a word
/// count, overlapping ones as well); among equals the one with the smallest left id, then the smallest right id.
/// </remarks>
public sealed class BpeTrainer(BpeTrainerOptions options)
{
    private readonly Dictionary<string, long> _wordCounts = new(StringComparer.Ordinal);
    private long _wordCount;
    private long _documentCount;

    /// <summary>Trains on documents that are at hand as a sequence.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public static BpeTrainingResult Train(
        IEnumerable<string> documents, BpeTrainerOptions options, CancellationToken cancellationToken = default)
    {
        var trainer = new BpeTrainer(options);
        foreach (string document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            trainer.Add(document);
        }
        return trainer.Train(cancellationToken);
    }

    /// <summary>
    /// Counts the words of one more document. A document too large for memory may come in pieces cut where
    /// <see cref="SafeCut"/> allows: the words are the same then.
    /// </summary>
    /// <exception cref="TokenizerException">The document holds a lone surrogate.</exception>
    public void Add(ReadOnlySpan<char> document)
    {
        _documentCount++;
        try
        {
            ValidText.Require(document);
        }
        catch (TokenizerException lone)
        {
            throw new TokenizerException($"In document {_documentCount} of the corpus: {lone.Message}", lone);
        }
        var counts = _wordCounts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (offset, length) in PreTokenization.Gpt2.Split(document))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, document.Slice(offset, length), out _)++;
            _wordCount++;
        }
    }

    /// <summary>Makes the merges from the words counted so far.</summary>
    /// <exception cref="TokenizerException">
    /// The distinct words are too many for memory's largest array (2 GiB of text).
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public BpeTrainingResult Train(CancellationToken cancellationToken = default)
    {
        var merger = new PairMerger(_wordCounts);
        int mergeLimit = options.VocabularySize - 256 - options.SpecialTokens.Count;
        var tokens = new List<byte[]?>(options.VocabularySize);
        foreach (byte value in ByteAlphabet.Order) tokens.Add([value]);
        var merges = new List<BpeMerge>();
        while (merges.Count < mergeLimit && merger.MergeMostFrequent(options.MinimumPairFrequency) is { } merge)
        {
            cancellationToken.ThrowIfCancellationRequested();
            merges.Add(merge);
            tokens.Add([.. tokens[merge.Left]!, .. tokens[merge.Right]!]);
        }

        var special = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in options.SpecialTokens)
        {
            special.Add(name, tokens.Count);
            tokens.Add(null);
        }
        var tokenizer = new ByteLevelBpeTokenizer(new TokenTable(tokens, special), merges, PreTokenization.Gpt2);
        return new BpeTrainingResult(tokenizer, options, _wordCount, _wordCounts.Count);
    }
}
