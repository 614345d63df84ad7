using TorchLm.Tokenizers;

namespace TorchLm.Train.Reporting;

/// <summary>What <c>torchlm tokenizer train</c> says at the end.</summary>
internal static class TokenizerReport
{
    public static void Print(BpeTrainingResult result, CompressionSample sample, ReadableText corpus, TimeSpan elapsed, string path)
    {
        ByteLevelBpeTokenizer tokenizer = result.Tokenizer;
        double megabytes = sample.CorpusBytes / 1e6;
        Line("Corpus", $"{DatasetReport.Count(corpus.Documents, "document")}, {megabytes:N1} MB, " +
                       $"{result.WordCount:N0} words, {result.DistinctWordCount:N0} distinct");
        if (corpus.Skipped > 0) Line("Skipped", $"{corpus.Skipped:N0}, such as {Program.OneLine(corpus.FirstSkipped!)}");
        Line("Words", $"split as {tokenizer.PreTokenization.Name} does");
        Line("Ids", $"{tokenizer.VocabularySize:N0}: 256 bytes, {tokenizer.Merges.Count:N0} merges, " +
                    $"{tokenizer.Tokens.SpecialTokens.Count:N0} special");
        Line("Time", $"{elapsed.TotalSeconds:N1} s, {megabytes / elapsed.TotalSeconds:N1} MB/s");
        if (sample.Bytes > 0)
        {
            string on = sample.Bytes == sample.CorpusBytes ? "the corpus" : $"the first {sample.Bytes / 1e6:N1} MB";
            double own = sample.BytesPerToken(tokenizer), other = sample.BytesPerToken(TiktokenEncoding.Cl100kBase);
            Line("Tokens", $"{own:N2} bytes each on {on}; cl100k_base's {other:N2}");
        }
        if (result.Shortfall is { } shortfall) Line("Note", shortfall);
        Line("Written", path);
    }

    private static void Line(string name, string text) => Console.WriteLine($"{name,-8} {text}");
}
