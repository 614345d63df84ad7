namespace TorchLm.Tokenizers;

/// <summary>What <see cref="BpeTrainer"/> made.</summary>
/// <param name="Tokenizer">The trained tokenizer.</param>
/// <param name="Options">What was asked for.</param>
/// <param name="WordCount">Words (pre-tokens) in the corpus.</param>
/// <param name="DistinctWordCount">Different words in the corpus.</param>
public sealed record BpeTrainingResult(
    ByteLevelBpeTokenizer Tokenizer, BpeTrainerOptions Options, long WordCount, int DistinctWordCount)
{
    /// <summary>A sentence for the user where the vocabulary is smaller than was asked for; else null.</summary>
    public string? Shortfall => Tokenizer.VocabularySize == Options.VocabularySize ? null
        : $"The corpus has no more pairs that occur at least {Options.MinimumPairFrequency} times: the vocabulary holds " +
          $"{Tokenizer.VocabularySize} tokens instead of {Options.VocabularySize}; give more text or ask for fewer tokens.";
}
