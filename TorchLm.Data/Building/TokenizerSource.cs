using TorchLm.Core;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Where a data set's tokenizer comes from: it exists, or it is made from the data set's text.</summary>
public sealed class TokenizerSource
{
    private readonly Maker _make;

    private delegate ITokenizer Maker(IEnumerable<string> text, bool severalDocuments, int threads, CancellationToken cancellation);

    private TokenizerSource(bool isMadeOfText, Maker make) => (IsMadeOfText, _make) = (isMadeOfText, make);

    /// <summary>Whether it is made of the text, rather than there before.</summary>
    internal bool IsMadeOfText { get; }

    /// <summary>A tokenizer that exists already.</summary>
    public static TokenizerSource Existing(ITokenizer tokenizer) => new(false, (_, _, _, _) => tokenizer);

    /// <summary>
    /// The characters of all documents, those of the validation split included: it could not be encoded otherwise.
    /// </summary>
    /// <param name="withEndOfText">Whether there is an end-of-text id; null has one where there are several documents.</param>
    public static TokenizerSource Characters(bool? withEndOfText = null) => new(true, (text, severalDocuments, _, _) =>
    {
        CharTokenizerBuilder builder = new();
        foreach (string piece in text) builder.Add(piece);
        return builder.Build(withEndOfText ?? severalDocuments);
    });

    /// <summary>Byte-level BPE trained on all documents.</summary>
    public static TokenizerSource TrainedBpe(BpeTrainerOptions options) =>
        new(true, (text, _, threads, cancellation) => BpeTrainer.Train(text, options, threads, cancellation).Tokenizer);

    /// <summary>What the user chose.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="vocabularySize">Tokens that a trained BPE is to have.</param>
    /// <param name="split">How a trained BPE splits text into words; null is GPT-2's way.</param>
    /// <param name="withEndOfText">Whether a tokenizer of characters has an end-of-text id, null where there are several documents; the others have one anyway.</param>
    /// <exception cref="InputException">The tokenizer cannot be read, or cannot have that many tokens.</exception>
    public static TokenizerSource From(TokenizerChoice choice, int vocabularySize, PreTokenization? split = null, bool? withEndOfText = null)
    {
        try
        {
            return choice switch
            {
                TokenizerChoice.Characters => Characters(withEndOfText),
                TokenizerChoice.TrainedBpe => TrainedBpe(new BpeTrainerOptions(vocabularySize, preTokenization: split)),
                TokenizerChoice.Ready ready => Existing(ready.Open()),
                _ => throw new ArgumentException($"The choice {choice} is not known.", nameof(choice)),
            };
        }
        catch (TokenizerException failure)
        {
            throw new InputException(failure.Message, failure);
        }
    }

    internal ITokenizer Make(IEnumerable<string> text, bool severalDocuments, int threads, CancellationToken cancellation)
    {
        try
        {
            return _make(text, severalDocuments, threads, cancellation);
        }
        catch (TokenizerException failure)
        {
            throw new InputException(failure.Message, failure);
        }
    }
}
