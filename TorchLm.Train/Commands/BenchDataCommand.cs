using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench data</c>: how fast files of text become shards, and with how much memory.</summary>
internal static class BenchDataCommand
{
    public static Command Create()
    {
        var sizes = new Option<int[]>("--megabytes")
        {
            Description = "Sizes of the made-up corpus, each timed in a process of its own. Default: 10 and 100.",
            HelpName = "N",
            AllowMultipleArgumentsPerToken = true,
        };
        var vocabulary = new Option<int>("--vocab-size") { Description = "Tokens that are trained.", HelpName = "N", DefaultValueFactory = _ => 32_768 };
        var threads = new Option<int>("--threads") { Description = "Threads to work with. Default: one for each processor.", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        var folder = new Option<string>("--work")
        {
            Description = "Where the corpus is made and kept; it takes up to four times its size. Default: a folder among the temporary files.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "torchlm-bench"),
        };
        var corpusOnly = new Option<bool>("--corpus-only") { Description = "Make the corpora and time nothing." };
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("data", "Time the way from text to shards on this machine.", ["torchlm bench data --megabytes 10 --json"]) { sizes, vocabulary, threads, folder, corpusOnly, json };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            int[] megabytes = parsed.GetValue(sizes) is { Length: > 0 } given ? given : [10, 100];
            if (megabytes.Any(size => size < 1)) throw new InputException("--megabytes must be at least 1.");
            if (parsed.GetValue(threads) < 1) throw new InputException("--threads must be at least 1.");
            if (parsed.GetValue(corpusOnly))
            {
                foreach (int size in megabytes) Console.WriteLine(DataBenchmark.CorpusOf(parsed.GetValue(folder)!, size));
                return ExitCode.Done;
            }
            var results = new JsonArray();
            if (megabytes is [int one])
            {
                results.Add(ToJson(DataBenchmark.Run(parsed.GetValue(folder)!, one, parsed.GetValue(vocabulary), parsed.GetValue(threads), cancel), one));
            }
            else
            {
                foreach (int size in megabytes) results.Add(InOwnProcess(parsed.GetValue(folder)!, size, parsed.GetValue(vocabulary), parsed.GetValue(threads)));
            }
            var document = new JsonObject { ["threads"] = parsed.GetValue(threads), ["vocabulary_size"] = parsed.GetValue(vocabulary), ["corpora"] = results };
            if (parsed.GetValue(json)) Console.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            else Print(document);
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    // A process's peak of memory is that of everything it did before, too.
    private static JsonNode InOwnProcess(string folder, int megabytes, int vocabulary, int threads)
    {
        DataBenchmark.CorpusOf(folder, megabytes);
        using Process child = OwnProgram.Start(["bench", "data", "--megabytes", $"{megabytes}", "--vocab-size", $"{vocabulary}", "--threads", $"{threads}", "--work", folder, "--json"]);
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        if (child.ExitCode != 0) throw new IOException($"The benchmark of {megabytes} MB ended with code {child.ExitCode}.");
        return JsonNode.Parse(output)!["corpora"]![0]!.DeepClone();
    }

    private static JsonObject ToJson(DataTimes times, int megabytes)
    {
        double MegabytesPerSecond(double seconds) => Math.Round(times.Bytes / 1e6 / seconds, 1);
        return new JsonObject
        {
            ["megabytes"] = megabytes,
            ["documents"] = times.Documents,
            ["cleaning_mb_per_s"] = MegabytesPerSecond(times.Cleaning),
            ["near_duplicates_mb_per_s"] = MegabytesPerSecond(Math.Max(times.NearDuplicates, 1e-3)),
            ["training_s"] = Math.Round(times.Training, 2),
            ["training_mb_per_s"] = MegabytesPerSecond(times.Training),
            ["encoding_mb_per_s"] = MegabytesPerSecond(times.Encoding),
            ["prepare_mb_per_s"] = MegabytesPerSecond(times.Prepare),
            ["prepare_s"] = Math.Round(times.Prepare, 1),
            ["peak_rss_mb"] = times.PeakBytes >> 20,
        };
    }

    private static void Print(JsonObject document)
    {
        Console.WriteLine($"{document["threads"]} threads, a vocabulary of {document["vocabulary_size"]:N0}; MB/s of text with all threads\n");
        Console.WriteLine($"{"MB",6} {"documents",10} {"cleaning",9} {"near-dup.",10} {"training",9} {"encoding",9} {"prepare",8} {"in all",8} {"memory",9}");
        foreach (JsonNode? corpus in document["corpora"]!.AsArray())
        {
            Console.WriteLine($"{corpus!["megabytes"],6} {(long)corpus["documents"]!,10:N0} {corpus["cleaning_mb_per_s"],9} {corpus["near_duplicates_mb_per_s"],10} {corpus["training_mb_per_s"],9} " +
                $"{corpus["encoding_mb_per_s"],9} {corpus["prepare_mb_per_s"],8} {corpus["prepare_s"],6} s {corpus["peak_rss_mb"],6} MB");
        }
    }
}
