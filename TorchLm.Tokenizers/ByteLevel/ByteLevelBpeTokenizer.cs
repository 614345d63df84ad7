namespace TorchLm.Tokenizers;

/// <summary>
/// Byte-level BPE with merge rules of its own: one that <see cref="BpeTrainer"/> trained, GPT-2's, or another from a file.
/// </summary>
public sealed class ByteLevelBpeTokenizer : ByteLevelTokenizer
{
    /// <param name="tokens">All 256 bytes, the result of every merge, special tokens.</param>
    /// <param name="merges">The rules by priority, whose ids are all in <paramref name="tokens"/>.</param>
    /// <param name="preTokenization">How texts are split.</param>
    internal ByteLevelBpeTokenizer(TokenTable tokens, IReadOnlyList<BpeMerge> merges, PreTokenization preTokenization)
        : base(tokens, preTokenization) => Merges = merges;

    /// <inheritdoc/>
    public override string Kind => "bpe";

    /// <inheritdoc/>
    public override IReadOnlyList<BpeMerge> Merges { get; }

    private protected override PairTable MakePairs() => new(Merges.Select((merge, order) => (merge, order)), Merges.Count);
}
