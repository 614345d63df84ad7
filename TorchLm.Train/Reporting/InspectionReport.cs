using System.Text;
using System.Text.Unicode;
using TorchLm.Data.Datasets;
using TorchLm.Data.Inspection;
using TorchLm.Tokenizers;

namespace TorchLm.Train.Reporting;

/// <summary>What is in a data set, as text.</summary>
internal static class InspectionReport
{
    private const int BarWidth = 40;

    public static void Print(TokenDataset dataset, ITokenizer? tokenizer, DatasetInspection inspection, int top)
    {
        PrintHead(dataset, tokenizer, inspection);
        foreach (SplitInspection split in inspection.Splits) PrintLengths(split);
        PrintFrequent(inspection, tokenizer, top);
        if (tokenizer is not null)
        {
            foreach (SplitInspection split in inspection.Splits) PrintSamples(split, tokenizer);
        }
        if (dataset.Manifest?.Preparation is not { } preparation) return;
        Console.WriteLine($"\nWhat reading and cleaning did to {DatasetReport.Count(preparation.DocumentsRead, "document")}, {DatasetReport.Size(preparation.BytesRead)}");
        DatasetReport.PrintPreparation(preparation, samples: true);
    }

    /// <summary>The ids that occur most often.</summary>
    public static IEnumerable<(int Id, long Count)> MostFrequent(DatasetInspection inspection, int top) =>
        inspection.TokenCounts.Select((count, id) => (Id: id, Count: count)).Where(token => token.Count > 0).OrderByDescending(token => token.Count).ThenBy(token => token.Id).Take(top);

    /// <summary>A token as text: in quotes, or its bytes where they are no characters.</summary>
    public static string Show(ITokenizer tokenizer, int id)
    {
        ReadOnlySpan<byte> bytes = tokenizer.GetBytes(id);
        return Utf8.IsValid(bytes) ? $"\"{Visible(Encoding.UTF8.GetString(bytes))}\"" : $"bytes {Convert.ToHexStringLower(bytes)}";
    }

    private static void PrintHead(TokenDataset dataset, ITokenizer? tokenizer, DatasetInspection inspection)
    {
        string kind = tokenizer is null ? "no tokenizer (name one with --tokenizer to see documents)"
            : $"{tokenizer.Kind} with {tokenizer.VocabularySize:N0} ids, of which {inspection.UnusedTokens:N0} never occur";
        Console.WriteLine($"{dataset.Folder}: {kind}");
        Console.WriteLine(dataset.Manifest is null ? "Made by another program: there are no checksums to verify." : "The checksums of all shards are right.");
        foreach ((DatasetSplit split, SplitInspection seen) in dataset.Splits.Zip(inspection.Splits))
        {
            string bytes = split.Bytes is { } size ? $", {DatasetReport.Size(size)} of text, {split.BytesPerToken:0.00} bytes a token" : "";
            string documents = tokenizer?.EndOfTextId is null ? "" : $", {DatasetReport.Count(seen.Lengths.Count, "document")}";
            Console.WriteLine($"  {split.Name,-5} {split.Tokens,14:N0} tokens in {DatasetReport.Count(split.Shards.Count, "shard")}{documents}{bytes}");
        }
        foreach (SourceEntry source in dataset.Manifest?.Sources ?? [])
        {
            Console.WriteLine($"  from {source.Path}: {DatasetReport.Count(source.Documents, "document")}, {DatasetReport.Size(source.Bytes)}");
        }
        foreach (MixtureEntry source in dataset.Manifest?.Mixture ?? [])
        {
            Console.WriteLine($"  {source.Name}: {100 * source.Share:0.##} % of training, from {source.Tokens:N0} tokens");
        }
    }

    private static void PrintLengths(SplitInspection split)
    {
        LengthHistogram lengths = split.Lengths;
        if (lengths.Count < 2) return;
        Console.WriteLine($"\nLengths of the {lengths.Count:N0} documents of {split.Name}, in tokens: {lengths.Shortest:N0} to {lengths.Longest:N0}, mean {lengths.Mean:N0}");
        LengthBin[] bins = [.. lengths.Bins];
        long most = bins.Max(bin => bin.Documents);
        foreach (LengthBin bin in bins)
        {
            string bar = new('█', (int)Math.Round(BarWidth * (double)bin.Documents / most));
            if (bar.Length == 0 && bin.Documents > 0) bar = "▏";
            Console.WriteLine($"{$"{bin.From:N0} to {bin.To:N0}",23}  {bar} {bin.Documents:N0}");
        }
    }

    private static void PrintFrequent(DatasetInspection inspection, ITokenizer? tokenizer, int top)
    {
        if (top == 0) return;
        double total = inspection.TokenCounts.Sum();
        Console.WriteLine("\nThe most frequent tokens");
        foreach ((int id, long count) in MostFrequent(inspection, top))
        {
            Console.WriteLine($"{id,9}  {count,14:N0}  {100 * count / total,5:0.00} %  {(tokenizer is null ? "" : Show(tokenizer, id))}");
        }
    }

    private static void PrintSamples(SplitInspection split, ITokenizer tokenizer)
    {
        foreach (DocumentSample sample in split.Samples)
        {
            Console.WriteLine($"\nA document of {split.Name}, {DatasetReport.Count(sample.Length, "token")}, from token {sample.Position:N0} on");
            string text = tokenizer.Decode([.. sample.Ids]);
            foreach (string line in text.Split('\n')) Console.WriteLine("  | " + string.Concat(line.Select(c => char.IsControl(c) && c != '\t' ? '\uFFFD' : c)));
            if (sample.Length > sample.Ids.Count) Console.WriteLine("  | …");
        }
    }

    private static string Visible(string text) =>
        string.Concat(text.Select(c => c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
}
