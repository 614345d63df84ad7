using System.Runtime.CompilerServices;

namespace TorchLm.Tokenizers;

/// <summary>
/// Trains byte-level BPE on a corpus. The same documents and options give the same vocabulary on every machine, in whatever
/// order the documents come and however many threads count.
/// </summary>
/// <remarks>
/// Ids: the 256 bytes in <see cref="ByteAlphabet.Order"/> (0 to 255, as GPT-2's), then one id for each merge in the order in
/// which they were made, then the special tokens. Each merge takes the pair that occurs most often (every two neighbours within
/// a word count, overlapping ones as well); among equals the one with the smallest left id, then the smallest right id.
/// </remarks>
public static class BpeTrainer
{
    /// <summary>Counts the words of the corpus on several threads and makes the merges.</summary>
    /// <param name="pieces">
    /// The documents, read once and one by one. A document too large for memory may come in pieces cut where
    /// <see cref="SafeCut"/> allows: the words are the same then.
    /// </param>
    /// <param name="options">What is to be made.</param>
    /// <param name="threads">How many threads count words, the calling one among them; 0 for one on each processor.</param>
    /// <param name="cancellationToken">Ends the training early.</param>
    /// <exception cref="TokenizerException">
    /// A document holds a lone surrogate (the sentence has its number), or the distinct words are too many for memory's largest
    /// array (2 GiB of text).
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static BpeTrainingResult Train(
        IEnumerable<string> pieces, BpeTrainerOptions options, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        int used = threads == 0 ? Environment.ProcessorCount : threads;
        PairMerger merger = Prepare(pieces, options, used, cancellationToken, out long total, out int distinct);

        int mergeLimit = options.VocabularySize - 256 - options.SpecialTokens.Count;
        var tokens = new List<byte[]?>();
        foreach (byte value in ByteAlphabet.Order) tokens.Add([value]);
        var merges = new List<BpeMerge>();
        while (merges.Count < mergeLimit && merger.MergeMostFrequent() is { } merge)
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
        var tokenizer = new ByteLevelBpeTokenizer(new TokenTable(tokens, special), merges, options.PreTokenization);
        return new BpeTrainingResult(tokenizer, options, total, distinct);
    }

    // On its own, so that nothing holds on to the words once the merger has them.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static PairMerger Prepare(IEnumerable<string> pieces, BpeTrainerOptions options, int threads,
        CancellationToken cancellationToken, out long total, out int distinct)
    {
        WordCounts words = WordCounter.Count(pieces, options.PreTokenization, threads, cancellationToken);
        (total, distinct) = (words.Total, words.Distinct);
        return new PairMerger(words, options.MinimumPairFrequency);
    }
}
