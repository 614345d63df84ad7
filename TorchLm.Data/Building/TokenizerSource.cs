using TorchLm.Core;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Where a data set's tokenizer comes from: it exists, or it is made from the set's text.</summary>
public sealed class TokenizerSource
{
    private readonly Func<IEnumerable<string>, ITokenizer> _make;

    private TokenizerSource(Func<IEnumerable<string>, ITokenizer> make) => _make = make;

    /// <summary>A tokenizer that exists already.</summary>
    public static TokenizerSource Existing(ITokenizer tokenizer) => new(_ => tokenizer);

    /// <summary>A tokenizer that is made from the text of all documents, those of the validation split included.</summary>
    /// <param name="train">Makes it from the text, given in pieces, in order.</param>
    public static TokenizerSource FromText(Func<IEnumerable<string>, ITokenizer> train) => new(train);

    /// <summary>The tokenizer that a name on the command line or in a configuration means.</summary>
    /// <param name="name"><c>char</c>, <c>bpe</c>, <c>cl100k_base</c>, <c>o200k_base</c>, or the path of a tokenizer.json or its folder.</param>
    /// <param name="vocabularySize">Ids that <c>bpe</c> makes; the others have their own number.</param>
    /// <param name="endOfText">Whether <c>char</c> gets a token between documents; the others always have one.</param>
    /// <param name="say">Told where the text is too small for the vocabulary asked for.</param>
    /// <exception cref="InputException">There is no such tokenizer, its file is damaged, or the vocabulary is too small.</exception>
    public static TokenizerSource Parse(string name, int vocabularySize, bool endOfText, Action<string>? say = null)
    {
        try
        {
            switch (TokenizerChoice.Parse(name))
            {
                case TokenizerChoice.Ready ready:
                    return Existing(ready.Open());
                case TokenizerChoice.Characters:
                    return FromText(pieces =>
                    {
                        var builder = new CharTokenizerBuilder();
                        foreach (string piece in pieces) builder.Add(piece);
                        return builder.Build(endOfText);
                    });
                default:
                    var options = new BpeTrainerOptions(vocabularySize);
                    return FromText(pieces =>
                    {
                        BpeTrainingResult result = BpeTrainer.Train(pieces, options);
                        if (result.Shortfall is { } shortfall) say?.Invoke(shortfall);
                        return result.Tokenizer;
                    });
            }
        }
        catch (TokenizerException failure)
        {
            throw new InputException(failure.Message, failure);
        }
    }

    internal ITokenizer Make(IEnumerable<string> text) => _make(text);
}
