using System.Text;
using TorchLm.Core;

namespace TorchLm.Data.Cleaning;

/// <summary>The thresholds of the cleaning steps; the defaults are those of the papers that the steps name.</summary>
public sealed record CleaningOptions
{
    /// <summary>The normalisation form of "unicode".</summary>
    public NormalizationForm UnicodeForm { get; init; } = NormalizationForm.FormC;

    /// <summary>The least length, in characters, of a line that "boilerplate" counts.</summary>
    public int MinBoilerplateLine { get; init; } = 20;

    /// <summary>The least number of documents that hold a line of boilerplate.</summary>
    public int BoilerplateDocuments { get; init; } = 10;

    /// <summary>The least share of documents that hold a line of boilerplate, 0 to 1.</summary>
    public double BoilerplateShare { get; init; } = 0.001;

    /// <summary>The most distinct lines that "boilerplate" counts at a time, about 32 bytes each.</summary>
    public int BoilerplateEntries { get; init; } = 4_000_000;

    /// <summary>The texts that must not be in the training data, such as an evaluation's; "held-out" is on if there are any.</summary>
    public IReadOnlyList<string> HeldOutTexts { get; init; } = [];

    /// <summary>The length, in words, of the n-grams that "held-out" looks for.</summary>
    public int HeldOutGram { get; init; } = 13;

    /// <summary>Held-out texts that are shorter than an n-gram are looked for as a whole, down to this number of words.</summary>
    public int HeldOutShortest { get; init; } = 8;

    /// <summary>The characters on each side of a match that are removed with it.</summary>
    public int HeldOutMargin { get; init; } = 200;

    /// <summary>Pieces with fewer characters are dropped.</summary>
    public int HeldOutMinPiece { get; init; } = 200;

    /// <summary>A document that falls into more pieces is removed.</summary>
    public int HeldOutMaxPieces { get; init; } = 10;

    /// <summary>An n-gram that more documents contain is ignored: a common phrase, not contamination.</summary>
    public int HeldOutMaxDocuments { get; init; } = int.MaxValue;

    /// <summary>Shorter documents are removed by "length", in characters (UTF-16 units).</summary>
    public int MinCharacters { get; init; } = 200;

    /// <summary>Longer documents are removed by "length"; null: none is.</summary>
    public int? MaxCharacters { get; init; }

    /// <summary>The fewest words of a document.</summary>
    public int MinWords { get; init; } = 50;

    /// <summary>The most words of a document.</summary>
    public int MaxWords { get; init; } = 100_000;

    /// <summary>The least mean length of words, in characters.</summary>
    public double MinMeanWordLength { get; init; } = 3;

    /// <summary>The greatest mean length of words, in characters.</summary>
    public double MaxMeanWordLength { get; init; } = 10;

    /// <summary>The most hash signs, and the most ellipses, per word.</summary>
    public double MaxSymbolRatio { get; init; } = 0.1;

    /// <summary>The greatest share of lines that start with a bullet.</summary>
    public double MaxBulletLines { get; init; } = 0.9;

    /// <summary>The greatest share of lines that end with an ellipsis.</summary>
    public double MaxEllipsisLines { get; init; } = 0.3;

    /// <summary>The least share of words with a letter.</summary>
    public double MinAlphabeticWords { get; init; } = 0.8;

    /// <summary>The fewest different stop words.</summary>
    public int MinStopWords { get; init; } = 2;

    /// <summary>The greatest share of lines, and of paragraphs, that repeat an earlier one.</summary>
    public double MaxRepeatedLines { get; init; } = 0.3;

    /// <summary>The greatest share of characters in lines, and in paragraphs, that repeat an earlier one.</summary>
    public double MaxRepeatedLineCharacters { get; init; } = 0.2;

    /// <summary>The greatest shares of characters in the most frequent 2-, 3- and 4-gram.</summary>
    public IReadOnlyList<double> MaxTopGramCharacters { get; init; } = [0.20, 0.18, 0.16];

    /// <summary>The greatest shares of characters in repeated 5-, 6-, 7-, 8-, 9- and 10-grams.</summary>
    public IReadOnlyList<double> MaxRepeatedGramCharacters { get; init; } = [0.15, 0.14, 0.13, 0.12, 0.11, 0.10];

    /// <summary>A document whose share of lines with terminal punctuation is this or less is removed.</summary>
    public double MaxUnpunctuated { get; init; } = 0.12;

    /// <summary>A document whose share of short lines is this or more is removed.</summary>
    public double ShortLineShare { get; init; } = 0.67;

    /// <summary>A line with fewer characters is short.</summary>
    public int ShortLine { get; init; } = 30;

    /// <summary>The fewest sentences of a document.</summary>
    public int MinSentences { get; init; } = 3;

    /// <summary>The fewest words of a line that "c4-lines" keeps.</summary>
    public int MinLineWords { get; init; } = 5;

    /// <summary>Decides about a document's language: true keeps it; "language" is on if this is set. Must be safe on many threads.</summary>
    public Func<string, bool>? LanguageFilter { get; init; }

    /// <summary>Checks the options.</summary>
    /// <exception cref="InputException">One is out of its range; the sentence names it.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(UnicodeForm)) throw new InputException($"UnicodeForm is {UnicodeForm}, but it must be one of the four forms.");
        AtLeast(nameof(MinBoilerplateLine), MinBoilerplateLine, 1);
        AtLeast(nameof(BoilerplateDocuments), BoilerplateDocuments, 2);
        AtLeast(nameof(BoilerplateEntries), BoilerplateEntries, 4);
        AtLeast(nameof(HeldOutShortest), HeldOutShortest, 1);
        AtLeast(nameof(HeldOutGram), HeldOutGram, HeldOutShortest);
        AtLeast(nameof(HeldOutMargin), HeldOutMargin, 0);
        AtLeast(nameof(HeldOutMinPiece), HeldOutMinPiece, 0);
        AtLeast(nameof(HeldOutMaxPieces), HeldOutMaxPieces, 1);
        AtLeast(nameof(HeldOutMaxDocuments), HeldOutMaxDocuments, 0);
        AtLeast(nameof(MinCharacters), MinCharacters, 0);
        AtLeast(nameof(MinWords), MinWords, 0);
        if (MaxCharacters is { } most) AtLeast(nameof(MaxCharacters), most, Math.Max(1, MinCharacters));
        AtLeast(nameof(MaxWords), MaxWords, Math.Max(1, MinWords));
        if (!(MinMeanWordLength <= MaxMeanWordLength))
            throw new InputException($"MinMeanWordLength is {MinMeanWordLength}, but it must be at most MaxMeanWordLength, {MaxMeanWordLength}.");
        Share(nameof(BoilerplateShare), BoilerplateShare);
        Share(nameof(MaxBulletLines), MaxBulletLines);
        Share(nameof(MaxEllipsisLines), MaxEllipsisLines);
        Share(nameof(MinAlphabeticWords), MinAlphabeticWords);
        Share(nameof(MaxRepeatedLines), MaxRepeatedLines);
        Share(nameof(MaxRepeatedLineCharacters), MaxRepeatedLineCharacters);
        Share(nameof(MaxUnpunctuated), MaxUnpunctuated);
        Share(nameof(ShortLineShare), ShortLineShare);
        Shares(nameof(MaxTopGramCharacters), MaxTopGramCharacters, 3);
        Shares(nameof(MaxRepeatedGramCharacters), MaxRepeatedGramCharacters, 6);
    }

    private static void AtLeast(string name, int value, int least)
    {
        if (value < least) throw new InputException($"{name} is {value}, but it must be at least {least}.");
    }

    private static void Share(string name, double value)
    {
        if (!(value >= 0 && value <= 1)) throw new InputException($"{name} is {value}, but it must be at least 0 and at most 1.");
    }

    private static void Shares(string name, IReadOnlyList<double> values, int count)
    {
        if (values.Count != count) throw new InputException($"{name} has {values.Count} values, but it must have {count}.");
        foreach (double value in values) Share(name, value);
    }
}
