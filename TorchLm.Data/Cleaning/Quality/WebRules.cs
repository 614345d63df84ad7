namespace TorchLm.Data.Cleaning.Quality;

/// <summary>The document rules of FineWeb (Penedo et al. 2024, section 3.6) and of C4 (Raffel et al. 2020, section 2.2).</summary>
internal static class WebRules
{
    private const string FineWeb = "FineWeb: Penedo et al. 2024, section 3.6", C4 = "C4: Raffel et al. 2020, section 2.2";

    public static ICleaningStep LinePunctuation(CleaningOptions o) =>
        new QualityRule("line-punctuation", $"documents with {o.MaxUnpunctuated:P0} or fewer of lines ending in terminal punctuation are removed",
            FineWeb, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithLines();
                if (document.Lines == 0) return null;
                double share = (double)document.PunctuatedLines / document.Lines;
                return share <= o.MaxUnpunctuated ? $"{share:0.000} of lines end in punctuation, not more than {o.MaxUnpunctuated}" : null;
            });

    public static ICleaningStep ShortLines(CleaningOptions o) =>
        new QualityRule("short-lines", $"documents with {o.ShortLineShare:P0} or more of lines under {o.ShortLine} characters are removed",
            FineWeb, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithLines();
                if (document.Lines == 0) return null;
                double share = (double)document.LinesShorterThan(o.ShortLine) / document.Lines;
                return share >= o.ShortLineShare ? $"{share:0.000} of lines are short, not fewer than {o.ShortLineShare}" : null;
            });

    public static ICleaningStep LoremIpsum(CleaningOptions o) =>
        new QualityRule("lorem-ipsum", "documents with the words \"lorem ipsum\" are removed", C4,
            text => text.Contains("lorem ipsum", StringComparison.OrdinalIgnoreCase) ? "placeholder text" : null);

    public static ICleaningStep CurlyBrackets(CleaningOptions o) =>
        new QualityRule("curly-brackets", "documents with a curly bracket, which prose has not and programs have, are removed", C4,
            text => text.Contains('{') ? "a curly bracket" : null);

    public static ICleaningStep FewSentences(CleaningOptions o) =>
        new QualityRule("few-sentences", $"documents of fewer than {o.MinSentences} sentences are removed", C4, text =>
        {
            int sentences = Sentences.Count(text, o.MinSentences);
            return sentences < o.MinSentences ? $"{sentences} sentences, fewer than {o.MinSentences}" : null;
        });
}
