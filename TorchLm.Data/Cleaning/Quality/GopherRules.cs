namespace TorchLm.Data.Cleaning.Quality;

/// <summary>
/// The quality and repetition rules of MassiveText (Rae et al. 2021, "Scaling Language Models: Methods, Analysis and Insights from Training
/// Gopher", appendix A.1). They are made for languages with spaces between words, the stop words for English.
/// </summary>
internal static class GopherRules
{
    private const string Source = "Gopher: Rae et al. 2021, appendix A.1";

    public static ICleaningStep WordCount(CleaningOptions o) =>
        new QualityRule("word-count", $"documents of fewer than {o.MinWords} or more than {o.MaxWords} words are removed", Source, text =>
        {
            int words = DocumentStatistics.Of(text).Words;
            return words < o.MinWords ? $"{words} words, fewer than {o.MinWords}"
                : words > o.MaxWords ? $"{words} words, more than {o.MaxWords}" : null;
        });

    public static ICleaningStep MeanWordLength(CleaningOptions o) =>
        new QualityRule("mean-word-length",
            $"documents with words of fewer than {o.MinMeanWordLength} or more than {o.MaxMeanWordLength} characters on average are removed",
            Source, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithWords();
                if (document.Words == 0) return null;
                double mean = (double)document.WordCharacters / document.Words;
                return mean < o.MinMeanWordLength ? $"{mean:0.00} characters a word, fewer than {o.MinMeanWordLength}"
                    : mean > o.MaxMeanWordLength ? $"{mean:0.00} characters a word, more than {o.MaxMeanWordLength}" : null;
            });

    public static ICleaningStep SymbolRatio(CleaningOptions o) =>
        new QualityRule("symbol-ratio", $"documents with more than {o.MaxSymbolRatio} hash signs or ellipses per word are removed", Source, text =>
        {
            int hashes = text.AsSpan().Count('#'), ellipses = text.AsSpan().Count('…') + text.AsSpan().Count("...");
            int most = Math.Max(hashes, ellipses);
            if (most == 0) return null;
            return Above(most, DocumentStatistics.Of(text).Words, o.MaxSymbolRatio,
                hashes >= ellipses ? "hash signs per word" : "ellipses per word");
        });

    public static ICleaningStep BulletLines(CleaningOptions o) =>
        new QualityRule("bullet-lines", $"documents with more than {o.MaxBulletLines:P0} of lines starting with a bullet are removed", Source, text =>
        {
            DocumentStatistics document = DocumentStatistics.Of(text).WithLines();
            return Above(document.BulletLines, document.Lines, o.MaxBulletLines, "of lines start with a bullet");
        });

    public static ICleaningStep EllipsisLines(CleaningOptions o) =>
        new QualityRule("ellipsis-lines", $"documents with more than {o.MaxEllipsisLines:P0} of lines ending in an ellipsis are removed",
            Source, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithLines();
                return Above(document.EllipsisLines, document.Lines, o.MaxEllipsisLines, "of lines end in an ellipsis");
            });

    public static ICleaningStep AlphabeticWords(CleaningOptions o) =>
        new QualityRule("alphabetic-words", $"documents with a letter in fewer than {o.MinAlphabeticWords:P0} of words are removed", Source, text =>
        {
            DocumentStatistics document = DocumentStatistics.Of(text).WithWords();
            if (document.Words == 0) return null;
            double share = (double)document.AlphabeticWords / document.Words;
            return share < o.MinAlphabeticWords ? $"{share:0.000} of words have a letter, fewer than {o.MinAlphabeticWords}" : null;
        });

    public static ICleaningStep StopWordRule(CleaningOptions o) =>
        new QualityRule("stop-words",
            $"documents with fewer than {o.MinStopWords} of the words the, be, to, of, and, that, have, with are removed", Source, text =>
            {
                int found = StopWords.Count(DocumentStatistics.Of(text).WithWords().StopWordBits);
                return found < o.MinStopWords ? $"{found} stop words, fewer than {o.MinStopWords}" : null;
            });

    public static ICleaningStep RepeatedLines(CleaningOptions o) =>
        new QualityRule("repeated-lines",
            $"documents with more than {o.MaxRepeatedLines:P0} of lines or paragraphs, or {o.MaxRepeatedLineCharacters:P0} of characters in " +
            "them, repeating earlier ones are removed", Source, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithLines();
                (int lines, long lineCharacters) = document.RepeatedLines;
                if (lines == 0) return null; // a repeated paragraph is made of repeated lines
                (int all, int paragraphs, long paragraphCharacters) = document.Paragraphs;
                return Above(lines, document.Lines, o.MaxRepeatedLines, "of lines repeat earlier ones")
                    ?? Above(lineCharacters, text.Length, o.MaxRepeatedLineCharacters, "of characters are in repeated lines")
                    ?? Above(paragraphs, all, o.MaxRepeatedLines, "of paragraphs repeat earlier ones")
                    ?? Above(paragraphCharacters, text.Length, o.MaxRepeatedLineCharacters, "of characters are in repeated paragraphs");
            });

    public static ICleaningStep RepeatedGrams(CleaningOptions o) =>
        new QualityRule("repeated-ngrams",
            "documents with too many characters in their most frequent 2- to 4-gram or in repeated 5- to 10-grams are removed", Source, text =>
            {
                DocumentStatistics document = DocumentStatistics.Of(text).WithWords();
                for (int i = 0; i < o.MaxTopGramCharacters.Count; i++)
                {
                    double share = document.TopGram(i + 2);
                    if (share > o.MaxTopGramCharacters[i])
                        return $"{share:0.000} of characters are in the most frequent {i + 2}-gram, more than {o.MaxTopGramCharacters[i]}";
                }
                for (int i = 0; i < o.MaxRepeatedGramCharacters.Count; i++)
                {
                    double share = document.RepeatedGram(i + 5);
                    if (share > o.MaxRepeatedGramCharacters[i])
                        return $"{share:0.000} of characters are in repeated {i + 5}-grams, more than {o.MaxRepeatedGramCharacters[i]}";
                    // What a repeated (n+1)-gram covers, its two repeated n-grams cover too: shares fall as n grows.
                    if (share <= LeastFrom(o.MaxRepeatedGramCharacters, i + 1)) break;
                }
                return null;
            });

    private static double LeastFrom(IReadOnlyList<double> limits, int first)
    {
        double least = double.MaxValue;
        for (int i = first; i < limits.Count; i++) least = Math.Min(least, limits[i]);
        return least;
    }

    private static string? Above(long part, long whole, double limit, string what)
    {
        if (whole == 0) return null;
        double share = (double)part / whole;
        return share > limit ? $"{share:0.000} {what}, more than {limit}" : null;
    }
}
