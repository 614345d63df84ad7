using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchSharp;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench</c>: how fast a training step is, against the machine's own limit and against the straightforward way.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var config = new Option<string[]>("--config")
        {
            Description = "Shapes to time; may be given several times. Default: tiny and char.",
            HelpName = string.Join('|', BenchmarkShape.All.Select(s => s.Name)),
        };
        config.AcceptOnlyFromAmong([.. BenchmarkShape.All.Select(s => s.Name)]);
        var seconds = new Option<double>("--seconds") { Description = "Time for each shape.", HelpName = "S", DefaultValueFactory = _ => 30 };
        var precision = new Option<string[]>("--precision")
        {
            Description = "auto, fp32, tf32, bf16 or fp16; may be given several times. Default: fp32, and what auto takes.",
            HelpName = "TYPE",
        };
        precision.CompletionSources.Add([.. ConfigSetting.Words("training.precision")!]);
        var noBaseline = new Option<bool>("--no-baseline") { Description = "Leave the straightforward step out; it needs the memory of another model." };
        var without = new Option<CpuKernel[]>("--without")
        {
            Description = $"Leave out a CPU kernel ({string.Join(", ", Enum.GetNames<CpuKernel>().Skip(1)).ToLowerInvariant()}); may be given several times.",
            HelpName = "KERNEL",
        };
        without.CompletionSources.Add([.. Enum.GetNames<CpuKernel>().Skip(1).Select(kernel => kernel.ToLowerInvariant())]);
        Option<string> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();

        var command = new DocumentedCommand("bench", "Time training steps on this machine.",
            ["torchlm bench", "torchlm bench --config char --seconds 10 --json"])
        {
            config, seconds, precision, without, noBaseline, device, threads, json,
            BenchDataCommand.Create(), BenchTokenizerCommand.Create(), BenchSaveCommand.Create(), BenchCollectiveCommand.Create(),
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            if (parsed.GetValue(seconds) <= 0) throw new InputException($"--seconds is {parsed.GetValue(seconds)}, but it must be above 0.");
            CommonOptions.UseThreads(parsed.GetValue(threads));
            CpuKernels.Without = parsed.GetValue(without)!.Aggregate(CpuKernel.None, (all, one) => all | one);
            string[] names = parsed.GetValue(config) is { Length: > 0 } given ? given : ["tiny", "char"];
            torch.Device where = DeviceChoice.Of(parsed.GetValue(device)!).Device;
            string[] precisions = parsed.GetValue(precision) is { Length: > 0 } wanted ? wanted : ["fp32", "auto"];
            Dictionary<Precision, double> peaks = new[] { Precision.Float32, Precision.BFloat16 }.ToDictionary(p => p, p => DevicePeak.MeasureFlops(where, p));
            var shapes = new JsonArray();
            foreach (BenchmarkShape shape in BenchmarkShape.All.Where(s => names.Contains(s.Name)))
            {
                cancel.ThrowIfCancellationRequested();
                Precision[] chosen = [.. precisions.Select(p => PrecisionChoice.Of(p, where, shape.Model, shape.BatchSize).Precision).Distinct()];
                foreach (Precision p in chosen.Where(p => !peaks.ContainsKey(p))) peaks[p] = DevicePeak.MeasureFlops(where, p);
                var timing = new Timing(shape, where, chosen, TimeSpan.FromSeconds(parsed.GetValue(seconds)), !parsed.GetValue(noBaseline));
                foreach (JsonObject times in timing.Run(peaks)) shapes.Add(times);
            }
            var document = new JsonObject
            {
                ["device"] = where.ToString(),
                ["threads"] = torch.get_num_threads(),
                ["peak_gflops"] = new JsonObject([.. peaks.Select(p => KeyValuePair.Create<string, JsonNode?>(p.Key.Name(), Math.Round(p.Value / 1e9, 1)))]),
                ["shapes"] = shapes,
            };
            if (parsed.GetValue(json)) Console.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            else PrintTable(document);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>A shape, and how it is timed.</summary>
    private sealed record Timing(BenchmarkShape Shape, torch.Device Device, Precision[] Precisions, TimeSpan Duration, bool WithBaseline)
    {
        public IEnumerable<JsonObject> Run(Dictionary<Precision, double> peaks)
        {
            // A process's memory cannot be told apart by model: with several of them here, each is measured in a process of its own.
            bool alone = Precisions.Length == 1 && !WithBaseline;
            long?[] memory = [.. Precisions.Select(p => alone ? null : MemoryOfOwnProcess(p))];
            using var batches = new BenchmarkBatches(Shape, Device);
            using var benchmark = new ShapeBenchmark(Shape, batches, Device, Precisions, WithBaseline);
            (IReadOnlyList<StepTimes> all, double? baseline) = benchmark.Run(Duration);
            return all.Select((times, i) => new JsonObject
            {
                ["name"] = Shape.Name,
                ["precision"] = times.Precision.Name(),
                ["ms_per_step"] = Math.Round(times.Step, 2),
                ["tokens_per_second"] = Math.Round(Shape.Tokens / times.Step * 1000),
                ["share_of_peak"] = Math.Round(Shape.Flops / times.Step * 1000 / peaks[times.Precision], 4),
                ["baseline_ms_per_step"] = baseline is { } ms ? Math.Round(ms, 2) : null,
                ["data_ms"] = Math.Round(times.Data, 3),
                ["forward_ms"] = Math.Round(times.Forward, 2),
                ["backward_ms"] = Math.Round(times.Backward, 2),
                ["clip_ms"] = Math.Round(times.Clip, 2),
                ["optimizer_ms"] = Math.Round(times.Optimizer, 2),
                ["peak_rss_mb"] = alone ? Process.GetCurrentProcess().PeakWorkingSet64 >> 20 : memory[i],
            });
        }

        /// <summary>The peak resident size in MiB of a few steps in a process of their own; null where that fails.</summary>
        private long? MemoryOfOwnProcess(Precision precision)
        {
            string[] arguments = ["bench", "--config", Shape.Name, "--precision", precision.Name(), "--no-baseline", "--seconds", "0.1", "--device", Device.ToString(), "--threads", $"{torch.get_num_threads()}", "--json"];
            CpuKernel without = CpuKernels.Without;
            string[] left = [.. Enum.GetValues<CpuKernel>().Where(k => k != CpuKernel.None && without.HasFlag(k)).SelectMany(k => new[] { "--without", $"{k}" })];
            using Process child = OwnProgram.Start([.. arguments, .. left]);
            string output = child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            return child.ExitCode == 0 ? JsonNode.Parse(output)!["shapes"]![0]!["peak_rss_mb"]!.GetValue<long>() : null;
        }
    }

    private static void PrintTable(JsonObject document)
    {
        Console.WriteLine($"{document["device"]}, {document["threads"]} threads; matrix product: {document["peak_gflops"]!["fp32"]} GFLOP/s in fp32, " +
            $"{document["peak_gflops"]!["bf16"]} in bf16\n");
        Console.WriteLine($"{"shape",-6} {"in",-5} {"ms/step",9} {"tokens/s",10} {"of peak",8} {"baseline",9} {"data",7} {"forward",9} {"backward",9} {"clip",7} {"update",8} {"MB",7}");
        foreach (JsonObject shape in document["shapes"]!.AsArray().Cast<JsonObject>())
        {
            Console.WriteLine($"{shape["name"],-6} {shape["precision"],-5} {shape["ms_per_step"],9} {shape["tokens_per_second"],10} {100 * shape["share_of_peak"]!.GetValue<double>(),6:0.0} % " +
                $"{shape["baseline_ms_per_step"]?.ToString() ?? "-",9} {shape["data_ms"],7} {shape["forward_ms"],9} {shape["backward_ms"],9} {shape["clip_ms"],7} " +
                $"{shape["optimizer_ms"],8} {shape["peak_rss_mb"],7}");
        }
    }
}
