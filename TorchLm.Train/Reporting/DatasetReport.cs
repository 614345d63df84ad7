using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Train.Commands;

namespace TorchLm.Train.Reporting;

/// <summary>What a prepared data set holds, and what became of the rest.</summary>
internal static class DatasetReport
{
    public static void Print(BuildReport report, TextInput input)
    {
        DatasetManifest manifest = report.Manifest;
        if (manifest.Preparation is { } preparation)
        {
            Console.WriteLine($"Read {Count(input.Files.Count, "file")} of {Size(input.Bytes)}: {Count(preparation.DocumentsRead, "document")}, {Size(preparation.BytesRead)} of text");
            if (input.PassedOver.Count > 0)
            {
                Console.WriteLine($"  Passed over {Count(input.PassedOver.Values.Sum(), "file")} of other kinds: " +
                    string.Join(", ", input.PassedOver.OrderByDescending(kind => kind.Value).Take(8).Select(kind => $"{kind.Value:N0} {kind.Key}")));
            }
            PrintPreparation(preparation, samples: false);
        }
        if (report.Continued) Console.WriteLine("Went on with what an earlier run of the same command had done.");
        string speed = !report.Continued && report.Duration.TotalSeconds >= 1 ? $", {(manifest.Preparation?.BytesRead ?? report.Bytes) / 1e6 / report.Duration.TotalSeconds:0.0} MB/s of text" : "";
        Console.WriteLine($"{report.Folder}: {Count(report.Documents, "document")}, {Size(report.Bytes)}, {report.Tokens:N0} tokens " +
            $"({report.BytesPerToken:0.00} bytes a token, {manifest.Tokenizer.Kind} with {manifest.Tokenizer.VocabularySize:N0} ids), {report.Duration.TotalSeconds:0.0} s{speed}");
        foreach (string name in SplitNames.All.Where(manifest.Splits.ContainsKey))
        {
            SplitEntry split = manifest.Splits[name];
            Console.WriteLine($"  {name,-5} {split.Tokens,14:N0} tokens of {Count(split.Documents, "document")} in {Count(split.Shards.Count, "shard")}");
        }
        foreach (MixtureEntry source in manifest.Mixture ?? [])
        {
            Console.WriteLine($"  {source.Name}: {100 * source.Share:0.##} % of training, from {source.Tokens:N0} tokens");
        }
        if (report.SplitNote is { } note) Console.Error.WriteLine(note);
        Console.WriteLine($"Look at it:  torchlm data inspect {Hint.Path(report.Folder)}\nTrain on it: torchlm train --data {Hint.Path(report.Folder)}");
    }

    /// <summary>What was skipped and cleaned, a line a kind.</summary>
    /// <param name="preparation">What happened.</param>
    /// <param name="samples">Whether examples follow each line.</param>
    public static void PrintPreparation(PreparationEntry preparation, bool samples)
    {
        if (preparation.InvalidSequences > 0) Console.WriteLine($"  Replaced {Count(preparation.InvalidSequences, "sequence")} of bytes that were no text by U+FFFD");
        foreach (SkippedEntry skipped in preparation.Skipped)
        {
            Console.WriteLine($"  Skipped {skipped.Count,9:N0}  {Reason(skipped.Reason)}");
            foreach (SampleEntry sample in samples ? skipped.Samples : skipped.Samples.Take(1)) Console.WriteLine($"    {Name(sample)}: {Program.OneLine(sample.Text)}");
        }
        string[] idle = [.. preparation.Steps.Where(step => step.DocumentsRemoved + step.DocumentsChanged == 0).Select(step => step.Name)];
        foreach (StepEntry step in preparation.Steps.Where(step => step.DocumentsRemoved + step.DocumentsChanged > 0))
        {
            List<string> parts = [];
            if (step.DocumentsRemoved > 0) parts.Add($"removed {Count(step.DocumentsRemoved, "document")}");
            if (step.DocumentsChanged > 0) parts.Add($"changed {Count(step.DocumentsChanged, "document")} in {Count(step.Changes, "place")}");
            if (step.BytesRemoved != 0) parts.Add($"{Size(Math.Abs(step.BytesRemoved))} {(step.BytesRemoved > 0 ? "less" : "more")}");
            Console.WriteLine($"  {step.Name,-18} {string.Join(", ", parts)}");
            if (!samples) continue;
            foreach (SampleEntry sample in step.Samples) Console.WriteLine($"    {Name(sample)}: {Program.OneLine(sample.Text)}");
        }
        if (idle.Length > 0) Console.WriteLine($"  Nothing found by {string.Join(", ", idle)}");
    }

    // The end of a long path says more than its beginning.
    private static string Name(SampleEntry sample)
    {
        const int Longest = 60;
        string name = Program.OneLine(sample.Document);
        return name.Length <= Longest ? name : "…" + name[^(Longest - 1)..];
    }

    public static string Count(long count, string what) => $"{count:N0} {what}{(count == 1 ? "" : "s")}";

    public static string Size(long bytes) => bytes < 10_000 ? Count(bytes, "byte") : bytes < 10_000_000 ? $"{bytes / 1e3:N0} kB" : bytes < 10_000_000_000 ? $"{bytes / 1e6:N0} MB" : $"{bytes / 1e9:N1} GB";

    private static string Reason(string reason) => reason switch
    {
        nameof(SkipReason.Unreadable) => "could not be read",
        nameof(SkipReason.Damaged) => "truncated or damaged",
        nameof(SkipReason.Changed) => "changed while being read",
        nameof(SkipReason.Binary) => "not text",
        nameof(SkipReason.InvalidBytes) => "with bytes that are no text (--invalid replace keeps them)",
        nameof(SkipReason.BadRecord) => "not a record of the file's format",
        nameof(SkipReason.NoField) => "without the field that holds the text (--field)",
        nameof(SkipReason.TooLong) => "too long to be handled",
        nameof(SkipReason.Empty) => "empty",
        _ => reason,
    };
}
