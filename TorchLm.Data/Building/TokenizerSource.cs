using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Which tokenizer a data set gets: one that exists, or one that is made from its text.</summary>
public sealed class TokenizerSource
{
    private readonly Func<IEnumerable<string>, ITokenizer> _make;

    private TokenizerSource(Func<IEnumerable<string>, ITokenizer> make) => _make = make;

    /// <summary>A tokenizer that exists already.</summary>
    public static TokenizerSource Existing(ITokenizer tokenizer) => new(_ => tokenizer);

    /// <summary>A tokenizer that is made from the text of all documents, those of the validation split included.</summary>
    /// <param name="train">Makes it from the text, given in pieces, in order.</param>
    public static TokenizerSource FromText(Func<IEnumerable<string>, ITokenizer> train) => new(train);

    internal ITokenizer Make(IEnumerable<string> text) => _make(text);
}
