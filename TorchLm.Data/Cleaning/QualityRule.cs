using System.Globalization;

namespace TorchLm.Data.Cleaning;

/// <summary>A rule that removes a document for something that is measured in it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it keeps.</param>
/// <param name="Source">The paper that it is from.</param>
/// <param name="Complaint">What is wrong with a text, with the measurement; null where nothing is.</param>
internal sealed record QualityRule(string Name, string Description, string Source, Func<TextStatistics, string?> Complaint) : ICleaningStep
{
    private const string Gopher = "Gopher (Rae et al. 2021), appendix A.1", FineWeb = "FineWeb (Penedo et al. 2024)", C4 = "C4 (Raffel et al. 2020)";

    private static readonly string[] s_stopWords = ["the", "be", "to", "of", "and", "that", "have", "with"];

    // n, and the most of the text that the most frequent n-gram (2 to 4) or all repeated n-grams (5 to 10) may take.
    private static readonly double[] s_runLimits = [0, 0, 0.20, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.10];

    /// <summary>All rules, cheap ones first.</summary>
    public static IReadOnlyList<QualityRule> All { get; } =
    [
        new("word-count", "50 to 100,000 words", Gopher, text => text.Words is >= 50 and <= 100_000 ? null : $"{text.Words:N0} words"),
        new("mean-word-length", "words of 3 to 10 characters in the mean", Gopher, text => Outside((double)text.WordCharacters / Math.Max(1, text.Words), 3, 10)),
        new("symbol-ratio", "at most one # or ellipsis to ten words", Gopher, text => Above(text.Symbols, text.Words, 0.1, "symbols to words")),
        new("bullet-lines", "at most 90 % of the lines begin with a bullet", Gopher, text => Above(text.Lines.Bullets, text.Lines.Count, 0.9, "of the lines")),
        new("ellipsis-lines", "at most 30 % of the lines end with an ellipsis", Gopher, text => Above(text.Lines.Ellipses, text.Lines.Count, 0.3, "of the lines")),
        new("alphabetic-words", "80 % of the words or more have a letter", Gopher, text => Below(text.AlphabeticWords, text.Words, 0.8, "of the words")),
        new("stop-words", "at least two of the words the, be, to, of, and, that, have, with (English)", Gopher,
            text => StopWords(text.Text) >= 2 ? null : "fewer than two stop words"),
        new("line-punctuation", "more than 12 % of the lines end with punctuation", FineWeb,
            text => text.Lines.Punctuated > 0.12 * text.Lines.Count ? null : Share(text.Lines.Punctuated, text.Lines.Count, "of the lines")),
        new("short-lines", "fewer than 67 % of the lines have less than 30 characters", FineWeb,
            text => text.Lines.Short < 0.67 * text.Lines.Count ? null : Share(text.Lines.Short, text.Lines.Count, "of the lines")),
        new("lorem-ipsum", "no \"lorem ipsum\"", C4, text => text.Text.Contains("lorem ipsum", StringComparison.OrdinalIgnoreCase) ? "lorem ipsum" : null),
        new("curly-brackets", "no { as in program code", C4, text => text.Text.Contains('{') ? "a curly bracket" : null),
        new("few-sentences", "three sentences or more", C4, text => Sentences(text.Text) >= 3 ? null : $"{Sentences(text.Text)} sentences"),
        new("repeated-lines", "at most 30 % of lines or paragraphs, and 20 % of their characters, repeat others", Gopher, RepeatedLines),
        new("repeated-ngrams", "n-grams of 2 to 10 words repeat little (20 % of the characters for n = 2, 10 % for n = 10)", Gopher, RepeatedNgrams),
    ];

    /// <inheritdoc/>
    public CleaningResult Apply(string text) => Complaint(TextStatistics.Of(text)) is { } complaint
        ? new CleaningResult(null, 1, $"{complaint}: {PreparationSample.Of(text)}")
        : new CleaningResult(text);

    private static string? RepeatedLines(TextStatistics text)
    {
        if (Complain(text.Lines, "lines") is { } lines) return lines;
        return text.Text.Contains("\n\n", StringComparison.Ordinal) ? Complain(new TextStatistics.Blocks(text.Text, "\n\n"), "paragraphs") : null;

        static string? Complain(TextStatistics.Blocks blocks, string what) =>
            Above(blocks.Repeated, blocks.Count, 0.3, $"of the {what} repeated") ?? Above(blocks.RepeatedCharacters, blocks.Characters, 0.2, $"of the characters in repeated {what}");
    }

    private static string? RepeatedNgrams(TextStatistics text)
    {
        for (int n = 2; n < s_runLimits.Length; n++)
        {
            double share = n < 5 ? RepeatedRuns.MostFrequent(text, n) : RepeatedRuns.Repeated(text, n);
            if (share > s_runLimits[n]) return string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} % in {(n < 5 ? "the most frequent" : "repeated")} {n}-grams");
        }
        return null;
    }

    private static int StopWords(string text)
    {
        int found = 0;
        Span<bool> seen = stackalloc bool[s_stopWords.Length];
        foreach (Range range in text.AsSpan().SplitAny(' ', '\n', '\t', '.', ',', ';', ':', '!', '?', '"', '(', ')'))
        {
            ReadOnlySpan<char> word = text.AsSpan(range);
            if (word.Length is < 2 or > 4) continue;
            for (int i = 0; i < s_stopWords.Length; i++)
            {
                if (seen[i] || !word.Equals(s_stopWords[i], StringComparison.OrdinalIgnoreCase)) continue;
                seen[i] = true;
                if (++found == 2) return found;
            }
        }
        return found;
    }

    // A sentence ends with a terminal mark that the end of the text, white space or a closing mark follows.
    private static int Sentences(string text)
    {
        int count = 0;
        for (int i = 0; i < text.Length && count < 3; i++)
        {
            if (text[i] is '。' or '！' or '？') count++;
            else if (text[i] is '.' or '!' or '?' && (i + 1 == text.Length || char.IsWhiteSpace(text[i + 1]) || text[i + 1] is '"' or '”' or '’' or '\'' or ')')) count++;
        }
        return count;
    }

    private static string? Outside(double value, double least, double most) =>
        value >= least && value <= most ? null : string.Create(CultureInfo.InvariantCulture, $"{value:0.##} characters a word");

    private static string? Above(long part, long whole, double limit, string of) => part > limit * whole ? Share(part, whole, of) : null;

    private static string? Below(long part, long whole, double limit, string of) => part < limit * whole ? Share(part, whole, of) : null;

    private static string Share(long part, long whole, string of) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / Math.Max(1, whole):0.#} % {of}");
}
