namespace TorchLm.Tokenizers;

/// <summary>
/// OpenAI's published encodings cl100k_base (GPT-4) and o200k_base (GPT-4o), whose ranks packages of Microsoft's carry. Their ids
/// have gaps that stand for nothing: <see cref="TokenTable.IsGap"/> tells them.
/// </summary>
public sealed class TiktokenEncoding : ByteLevelTokenizer
{
    private static readonly Lazy<TiktokenEncoding> _cl100kBase = new(() => new TiktokenEncoding(
        "cl100k_base", "Microsoft.ML.Tokenizers.Data.Cl100kBase", Size.Cl100kBase, PreTokenization.Cl100k,
        [new(TokenTable.EndOfTextName, 100257), new("<|fim_prefix|>", 100258), new("<|fim_middle|>", 100259),
         new("<|fim_suffix|>", 100260), new("<|endofprompt|>", 100276)]));

    private static readonly Lazy<TiktokenEncoding> _o200kBase = new(() => new TiktokenEncoding(
        "o200k_base", "Microsoft.ML.Tokenizers.Data.O200kBase", Size.O200kBase, PreTokenization.O200k,
        [new(TokenTable.EndOfTextName, 199999), new("<|endofprompt|>", 200018)]));

    private readonly byte[][] _ranks;
    private readonly Lazy<BpeMerge[]> _merges;

    private TiktokenEncoding(
        string name, string dataAssembly, int size, PreTokenization preTokenization, KeyValuePair<string, int>[] specialTokens)
        : this(name, TiktokenRanks.Read(dataAssembly, name), size, preTokenization, specialTokens) { }

    private TiktokenEncoding(
        string name, byte[][] ranks, int size, PreTokenization preTokenization, KeyValuePair<string, int>[] specialTokens)
        : base(new TokenTable([.. ranks, .. new byte[]?[size - ranks.Length]], specialTokens), preTokenization)
    {
        Kind = name;
        _ranks = ranks;
        _merges = new Lazy<BpeMerge[]>(() => TiktokenRanks.RecoverMerges(ranks));
    }

    /// <summary>cl100k_base: 100,256 ordinary tokens, 5 special ones, ids to 100276.</summary>
    public static TiktokenEncoding Cl100kBase => _cl100kBase.Value;

    /// <summary>o200k_base: 199,998 ordinary tokens, 2 special ones, ids to 200018.</summary>
    public static TiktokenEncoding O200kBase => _o200kBase.Value;

    /// <inheritdoc/>
    public override string Kind { get; }

    /// <inheritdoc/>
    /// <remarks>Recovered from the ranks at first use, which takes about half a second.</remarks>
    public override IReadOnlyList<BpeMerge> Merges => _merges.Value;

    /// <summary>
    /// The encoding whose vocabulary has <paramref name="size"/> ids with this pre-tokenization, or null if none has.
    /// </summary>
    internal static TiktokenEncoding? Find(PreTokenization preTokenization, int size) =>
        preTokenization == PreTokenization.Cl100k && size == Size.Cl100kBase ? Cl100kBase
        : preTokenization == PreTokenization.O200k && size == Size.O200kBase ? O200kBase
        : null;

    // tiktoken joins whatever two tokens make a third one, not only those that made it in training; its rank is the priority.
    private protected override PairTable MakePairs()
    {
        List<BpeMerge> pairs = TiktokenRanks.AllPairs(_ranks);
        return new PairTable(pairs.Select(pair => (pair, pair.Result)), pairs.Count);
    }

    /// <summary>One more than the highest id of each encoding.</summary>
    private static class Size
    {
        public const int Cl100kBase = 100277;
        public const int O200kBase = 200019;
    }
}
