using Microsoft.ML.Tokenizers;

namespace TorchLm.Tokenizers;

/// <summary>
/// Byte-level BPE with merge rules of its own: one that <see cref="BpeTrainer"/> trained, GPT-2's, or another from a file.
/// Encoding is Microsoft.ML.Tokenizers' BpeTokenizer.
/// </summary>
/// <remarks>
/// Special tokens are kept from Microsoft's encoder: it would put their ids wherever a text spells their names, and a
/// document could then forge the end of itself.
/// </remarks>
public sealed class ByteLevelBpeTokenizer : ByteLevelTokenizer
{
    // Built at first use: who only decodes does not wait for it.
    private readonly Lazy<BpeTokenizer> _encoder;

    /// <param name="tokens">All 256 bytes, the result of every merge, special tokens.</param>
    /// <param name="merges">The rules by priority, whose ids are all in <paramref name="tokens"/>.</param>
    /// <param name="preTokenization">How texts are split.</param>
    internal ByteLevelBpeTokenizer(TokenTable tokens, IReadOnlyList<BpeMerge> merges, PreTokenization preTokenization)
        : base(tokens, preTokenization)
    {
        Merges = merges;
        _encoder = new Lazy<BpeTokenizer>(CreateEncoder);
    }

    /// <inheritdoc/>
    public override string Kind => "bpe";

    /// <inheritdoc/>
    public override IReadOnlyList<BpeMerge> Merges { get; }

    private protected override IReadOnlyList<int> EncodeValid(string text) => _encoder.Value.EncodeToIds(text);

    private BpeTokenizer CreateEncoder()
    {
        var ordinary = Enumerable.Range(0, VocabularySize).Where(id => !Tokens.IsSpecial(id));
        return BpeTokenizer.Create(new BpeOptions(ordinary.Select(id => KeyValuePair.Create(GetSpelling(id), id)))
        {
            ByteLevel = true,
            Merges = Merges.Select(merge => GetSpelling(merge.Left) + " " + GetSpelling(merge.Right)),
            PreTokenizer = PreTokenization.ForMicrosoft,
        });
    }
}
