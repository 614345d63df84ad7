using TorchLm.Core;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Where a data set's tokenizer comes from: it exists, or it is made from the data set's text.</summary>
public sealed class TokenizerSource
{
    private readonly Func<IEnumerable<string>, CancellationToken, ITokenizer> _make;

    private TokenizerSource(Func<IEnumerable<string>, CancellationToken, ITokenizer> make) => _make = make;

    /// <summary>A tokenizer that exists already.</summary>
    public static TokenizerSource Existing(ITokenizer tokenizer) => new((_, _) => tokenizer);

    /// <summary>
    /// The characters of all documents, those of the validation split included: it could not be encoded otherwise.
    /// </summary>
    /// <param name="withEndOfText">Whether there is an end-of-text id: useful where documents stand on their own.</param>
    public static TokenizerSource Characters(bool withEndOfText = false) => new((text, _) =>
    {
        CharTokenizerBuilder builder = new();
        foreach (string piece in text) builder.Add(piece);
        return builder.Build(withEndOfText);
    });

    /// <summary>Byte-level BPE trained on all documents.</summary>
    public static TokenizerSource TrainedBpe(BpeTrainerOptions options) =>
        new((text, cancellation) => BpeTrainer.Train(text, options, cancellationToken: cancellation).Tokenizer);

    /// <summary>What the user chose.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="vocabularySize">Tokens that a trained BPE is to have.</param>
    /// <param name="withEndOfText">Whether a tokenizer of characters has an end-of-text id; the others have one anyway.</param>
    /// <exception cref="InputException">The tokenizer cannot be read, or cannot have that many tokens.</exception>
    public static TokenizerSource From(TokenizerChoice choice, int vocabularySize, bool withEndOfText = false)
    {
        try
        {
            return choice switch
            {
                TokenizerChoice.Characters => Characters(withEndOfText),
                TokenizerChoice.TrainedBpe => TrainedBpe(new BpeTrainerOptions(vocabularySize)),
                TokenizerChoice.Ready ready => Existing(ready.Open()),
                _ => throw new ArgumentException($"The choice {choice} is not known.", nameof(choice)),
            };
        }
        catch (TokenizerException failure)
        {
            throw new InputException(failure.Message, failure);
        }
    }

    internal ITokenizer Make(IEnumerable<string> text, CancellationToken cancellation)
    {
        try
        {
            return _make(text, cancellation);
        }
        catch (TokenizerException failure)
        {
            throw new InputException(failure.Message, failure);
        }
    }
}
