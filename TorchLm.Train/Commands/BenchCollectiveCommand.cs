using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Core.Devices;
using TorchLm.Core.Distributed;
using TorchLm.Train.CommandLine;
using TorchSharp;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench collective</c>: whether the processes of a job compute right together, and how fast.</summary>
internal static class BenchCollectiveCommand
{
    public static Command Create()
    {
        var megabytes = new Option<string>("--megabytes")
        {
            Description = "Lengths of tensors to time, in millions of bytes.", HelpName = "N,N,...", DefaultValueFactory = _ => "1,16,64",
        };
        var seconds = new Option<double>("--seconds") { Description = "Time for each operation.", HelpName = "S", DefaultValueFactory = _ => 1 };
        Option<string> device = CommonOptions.Choice("--device", "Cpu: MPI. Cuda: NCCL, each process on its own GPU.", ["cpu", "cuda"], "cpu");
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("collective", "Check and time what several processes do together.",
            ["mpirun -np 2 torchlm bench collective", "mpirun -np 4 torchlm bench collective --megabytes 0.1,500 --json"])
        {
            megabytes, seconds, device, threads, json,
        };
        command.SetAction(Program.Action((parsed, _) =>
        {
            long[] sizes = Sizes(parsed.GetValue(megabytes)!);
            double time = parsed.GetValue(seconds);
            if (!(time > 0)) throw new InputException($"--seconds is {time}, but it must be above 0.");
            CommonOptions.UseThreads(parsed.GetValue(threads));
            ProcessLaunch? launch = CollectiveEnvironment.OfThisProcess();
            torch.Device where = DeviceChoice.Of(parsed.GetValue(device)!, launch?.LocalRank ?? 0).Device;
            using ICollective collective = Collectives.Open(launch, where);
            return Measure(collective, where, sizes, TimeSpan.FromSeconds(time), parsed.GetValue(json));
        }));
        return command;
    }

    /// <summary>A rank that fails alone ends the others, which would wait for it for ever.</summary>
    private static int Measure(ICollective collective, torch.Device device, long[] sizes, TimeSpan duration, bool asJson)
    {
        try
        {
            (int count, IReadOnlyList<string> failures) = CollectiveCheck.Run(collective, device);
            JsonObject document = Describe(collective, count, Everyones(collective, failures));
            if (document["failures"]!.AsArray().Count == 0)
            {
                foreach (long size in sizes)
                {
                    foreach (CollectiveTime time in CollectiveBenchmark.Run(collective, device, size, duration))
                    {
                        document["operations"]!.AsArray().Add(Describe(time));
                    }
                    document["overlap"]!.AsArray().Add(Describe(CollectiveBenchmark.Overlap(collective, device, size, duration)));
                }
            }
            if (collective.Rank == 0) Print(document, asJson);
            return document["failures"]!.AsArray().Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"torchlm: {Program.OneLine(e.Message)}");
            collective.Abort(ExitCode.Failed);
            return ExitCode.Failed;
        }
    }

    /// <summary>What failed on any rank, on all of them: one text after the other is broadcast.</summary>
    private static List<string> Everyones(ICollective collective, IReadOnlyList<string> failures)
    {
        var all = new List<string>();
        for (int root = 0; root < collective.WorldSize; root++)
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', failures)), length = BitConverter.GetBytes(text.Length);
            collective.Broadcast(length, root);
            if (root != collective.Rank) text = new byte[BitConverter.ToInt32(length)];
            collective.Broadcast(text, root);
            if (text.Length > 0) all.AddRange(Encoding.UTF8.GetString(text).Split('\n'));
        }
        return all;
    }

    private static JsonObject Describe(ICollective collective, int checks, List<string> failures) => new()
    {
        ["engine"] = collective.Engine, ["ranks"] = collective.WorldSize, ["threads"] = torch.get_num_threads(), ["checks"] = checks,
        ["failures"] = new JsonArray([.. failures.Select(failure => JsonValue.Create(failure))]),
        ["operations"] = new JsonArray(), ["overlap"] = new JsonArray(),
    };

    private static JsonObject Describe(CollectiveTime time) => new()
    {
        ["operation"] = time.Operation, ["megabytes"] = Math.Round(time.Bytes / 1e6, 3), ["ms"] = Math.Round(time.Milliseconds, 3),
        ["algorithm_gb_per_s"] = Rounded(time.AlgorithmBandwidth), ["bus_gb_per_s"] = Rounded(time.BusBandwidth),
        ["memcpy_gb_per_s"] = Rounded(time.CopyBandwidth),
    };

    private static JsonObject Describe(CollectiveOverlap overlap) => new()
    {
        ["megabytes"] = Math.Round(overlap.Bytes / 1e6, 3), ["compute_ms"] = Math.Round(overlap.Compute, 3),
        ["all_reduce_ms"] = Math.Round(overlap.Communicate, 3), ["both_ms"] = Math.Round(overlap.Both, 3),
        ["hidden_share"] = Rounded(overlap.HiddenShare),
    };

    /// <summary>Null where there is no such number, as a process that is alone takes no time.</summary>
    private static JsonValue? Rounded(double value) => double.IsFinite(value) ? JsonValue.Create(Math.Round(value, 2)) : null;

    private static void Print(JsonObject document, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return;
        }
        JsonArray failures = document["failures"]!.AsArray();
        Console.WriteLine($"{document["engine"]}, {document["ranks"]} ranks of {document["threads"]} threads; {document["checks"]} checks on each, " +
            (failures.Count == 0 ? "all right\n" : $"{failures.Count} wrong in all:"));
        foreach (JsonNode? failure in failures) Console.WriteLine($"  {failure}");
        if (failures.Count > 0) return;
        Console.WriteLine($"{"operation",-18} {"MB",9} {"ms",10} {"GB/s",8} {"bus GB/s",9} {"memcpy GB/s",12}");
        foreach (JsonNode? time in document["operations"]!.AsArray())
        {
            Console.WriteLine($"{time!["operation"],-18} {time["megabytes"],9} {time["ms"],10} {time["algorithm_gb_per_s"],8} " +
                $"{time["bus_gb_per_s"],9} {time["memcpy_gb_per_s"],12}");
        }
        Console.WriteLine();
        foreach (JsonNode? overlap in document["overlap"]!.AsArray())
        {
            Console.WriteLine($"{overlap!["megabytes"]} MB: computing {overlap["compute_ms"]} ms, all-reduce {overlap["all_reduce_ms"]} ms, " +
                $"one beside the other {overlap["both_ms"]} ms" +
                (overlap["hidden_share"] is { } share ? $": {100 * (double)share:0} % hidden" : ""));
        }
    }

    private static long[] Sizes(string text)
    {
        string[] words = text.Split(',', StringSplitOptions.TrimEntries);
        return
        [
            .. words.Select(word => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double megabytes)
                && megabytes is > 0 and <= 100_000 ? (long)(megabytes * 1e6) : throw new InputException(
                    $"--megabytes is '{text}', but it must be numbers from above 0 to 100,000 with commas between them, such as 1,16,64.")),
        ];
    }
}
