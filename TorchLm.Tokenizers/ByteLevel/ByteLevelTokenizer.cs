using System.Buffers;

namespace TorchLm.Tokenizers;

/// <summary>
/// Byte-pair encoding over UTF-8 bytes (Sennrich et al. 2016, over bytes as in GPT-2): a text is split into words, each word's
/// bytes are merged pair by pair, the earliest rule first. All 256 bytes are tokens, so that any valid text can be encoded and
/// comes back unchanged.
/// </summary>
/// <remarks>
/// Special tokens have no part in encoding: a document that spells the name of one cannot forge the end of itself.
/// </remarks>
public abstract class ByteLevelTokenizer : ITokenizer
{
    // Built at first use: who only decodes does not wait for it.
    private readonly Lazy<BpeEncoder> _encoder;

    private protected ByteLevelTokenizer(TokenTable tokens, PreTokenization preTokenization)
    {
        Tokens = tokens;
        PreTokenization = preTokenization;
        _encoder = new Lazy<BpeEncoder>(() => new BpeEncoder(Tokens, MakePairs(), PreTokenization));
    }

    /// <inheritdoc/>
    public abstract string Kind { get; }

    /// <summary>What each id stands for.</summary>
    public TokenTable Tokens { get; }

    /// <summary>How texts are split into words first.</summary>
    public PreTokenization PreTokenization { get; }

    /// <summary>The merge rules, the one with the highest priority first.</summary>
    public abstract IReadOnlyList<BpeMerge> Merges { get; }

    /// <inheritdoc/>
    public int VocabularySize => Tokens.Size;

    /// <inheritdoc/>
    public int? EndOfTextId => Tokens.EndOfTextId;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ValidText.Require(text);
        return _encoder.Value.Encode(text);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ValidText.Require(text);
        _encoder.Value.Encode(text, destination);
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids) => Tokens.Decode(ids);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> GetBytes(int id) => Tokens.GetBytes(id);

    /// <inheritdoc/>
    public void Save(string path) => TokenizerFile.Save(this, path);

    /// <summary>
    /// How files spell token <paramref name="id"/>: in <see cref="ByteAlphabet"/>, special tokens by their names.
    /// </summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary or stands for nothing.</exception>
    public string GetSpelling(int id) =>
        Tokens.IsSpecial(id) ? System.Text.Encoding.UTF8.GetString(GetBytes(id)) : ByteAlphabet.Spell(GetBytes(id));

    /// <summary>The pairs of tokens that encoding merges.</summary>
    private protected abstract PairTable MakePairs();
}
