using System.Text;
using System.Text.Unicode;

namespace TorchLm.Tokenizers;

/// <summary>What <see cref="BpeTrainer"/> is to make. Validated when it is created.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>Creates the options.</summary>
    /// <param name="vocabularySize">Tokens in all: 256 bytes, merges and special tokens.</param>
    /// <param name="specialTokens">
    /// Names of special tokens in the order of their ids; by default <c>&lt;|endoftext|&gt;</c> alone.
    /// </param>
    /// <param name="minimumPairFrequency">A pair that occurs less often than this is never merged; at least 1.</param>
    /// <param name="preTokenization">How texts are split into words; by default as GPT-2 does.</param>
    /// <exception cref="TokenizerException">A value is impossible; the sentence names it and the rule.</exception>
    public BpeTrainerOptions(
        int vocabularySize, IReadOnlyList<string>? specialTokens = null, long minimumPairFrequency = 2,
        PreTokenization? preTokenization = null)
    {
        VocabularySize = vocabularySize;
        SpecialTokens = specialTokens ?? [TokenTable.EndOfTextName];
        MinimumPairFrequency = minimumPairFrequency;
        PreTokenization = preTokenization ?? PreTokenization.Gpt2;

        int smallest = 256 + SpecialTokens.Count;
        if (vocabularySize < smallest)
            throw new TokenizerException($"A vocabulary size of {vocabularySize} is too small: the 256 bytes and " +
                                         $"{SpecialTokens.Count} special tokens alone are {smallest}; " +
                                         "ask for at least that many.");
        if (minimumPairFrequency < 1)
            throw new TokenizerException($"A minimum pair frequency of {minimumPairFrequency} is not possible; " +
                                         "it must be 1 or more.");
        foreach (string name in SpecialTokens) RequireUnmistakable(name);
        if (SpecialTokens.Distinct(StringComparer.Ordinal).Count() != SpecialTokens.Count)
            throw new TokenizerException($"The special tokens {string.Join(", ", SpecialTokens)} are not distinct; " +
                                         "name each once.");
    }

    /// <summary>Tokens in all: 256 bytes, merges and special tokens.</summary>
    public int VocabularySize { get; }

    /// <summary>Names of special tokens in the order of their ids.</summary>
    public IReadOnlyList<string> SpecialTokens { get; }

    /// <summary>A pair that occurs less often than this in the corpus is never merged.</summary>
    public long MinimumPairFrequency { get; }

    /// <summary>How texts are split into words.</summary>
    public PreTokenization PreTokenization { get; }

    // In a file, special tokens and ordinary ones share one list of names. A name that is spelt like a word, or like a piece
    // of one that begins or ends within a character, might meet an ordinary token of the same spelling there.
    private void RequireUnmistakable(string name)
    {
        if (name.Length == 0) throw new TokenizerException("A special token has an empty name; give it one such as <|name|>.");
        ValidText.Require(name);
        if (ByteAlphabet.Read(name) is not { } bytes) return;
        if (!Utf8.IsValid(bytes) || MayBeWithinWord(Encoding.UTF8.GetString(bytes)))
            throw new TokenizerException($"The special token {name} could also be an ordinary word; " +
                                         "name it in the way of <|name|>.");
    }

    // What stands around a text decides with it where words end: punctuation before line breaks and slashes, a contraction's
    // letters after an apostrophe, white space.
    private bool MayBeWithinWord(string text)
    {
        foreach (string before in (ReadOnlySpan<string>)["", "a", "!", " ", "\n"])
            foreach (string after in (ReadOnlySpan<string>)["", "a", "s", "l", "e", "!", "\n"])
            {
                string whole = before + text + after;
                for (int start = 0, end; start < whole.Length; start = end)
                {
                    end = PreTokenization.NextWordEnd(whole, start);
                    if (start <= before.Length && end >= before.Length + text.Length) return true;
                }
            }
        return false;
    }
}
