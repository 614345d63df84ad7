using TorchLm.Data.Building;
using TorchLm.Data.Datasets;

namespace TorchLm.Train.Reporting;

/// <summary>What a prepared data set holds.</summary>
internal static class DatasetReport
{
    public static void Print(BuildReport report)
    {
        Console.WriteLine($"{report.Folder}: {report.Documents:N0} documents, {report.Bytes:N0} bytes, {report.Tokens:N0} tokens " +
            $"({report.BytesPerToken:0.00} bytes a token, {report.Manifest.Tokenizer.Kind} with {report.Manifest.Tokenizer.VocabularySize:N0} ids), " +
            $"{report.Duration.TotalSeconds:0.0} s");
        foreach ((string name, SplitEntry split) in report.Manifest.Splits)
        {
            Console.WriteLine($"  {name,-5} {split.Tokens,14:N0} tokens in {split.Shards.Count} shard{(split.Shards.Count == 1 ? "" : "s")}");
        }
        if (report.SplitNote is { } note) Console.Error.WriteLine(note);
        Console.WriteLine($"Train on it: torchlm train --data {report.Folder}");
    }
}
