using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Core.Devices;
using TorchLm.Core.Training;
using TorchSharp;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench</c>: how fast a training step is, against the machine's own limit and against the straightforward way.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var config = new Option<string[]>("--config")
        {
            Description = "Shapes to time: tiny, char, gpt2; may be given several times. Default: tiny and char.",
            HelpName = "tiny|char|gpt2",
        };
        config.AcceptOnlyFromAmong([.. BenchmarkShape.All.Select(s => s.Name)]);
        var seconds = new Option<double>("--seconds") { Description = "Time for each shape.", HelpName = "S", DefaultValueFactory = _ => 30 };
        var noBaseline = new Option<bool>("--no-baseline") { Description = "Leave the straightforward step out; it needs the memory of a second model." };
        Option<string> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();

        var command = new Command("bench", "Time training steps on this machine.") { config, seconds, noBaseline, device, threads, json };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            if (parsed.GetValue(seconds) <= 0) throw new InputException($"--seconds is {parsed.GetValue(seconds)}, but it must be above 0.");
            CommonOptions.UseThreads(parsed.GetValue(threads));
            string[] names = parsed.GetValue(config) is { Length: > 0 } given ? given : ["tiny", "char"];
            torch.Device where = DeviceChoice.Of(parsed.GetValue(device)!).Device;
            double fp32 = DevicePeak.MeasureFlops(where, torch.ScalarType.Float32), bf16 = DevicePeak.MeasureFlops(where, torch.ScalarType.BFloat16);
            var shapes = new JsonArray();
            foreach (BenchmarkShape shape in BenchmarkShape.All.Where(s => names.Contains(s.Name)))
            {
                cancel.ThrowIfCancellationRequested();
                shapes.Add(Time(shape, where, fp32, TimeSpan.FromSeconds(parsed.GetValue(seconds)), !parsed.GetValue(noBaseline)));
            }
            var document = new JsonObject
            {
                ["device"] = where.ToString(),
                ["threads"] = torch.get_num_threads(),
                ["peak_gflops"] = new JsonObject { ["fp32"] = Math.Round(fp32 / 1e9, 1), ["bf16"] = Math.Round(bf16 / 1e9, 1) },
                ["shapes"] = shapes,
            };
            if (parsed.GetValue(json)) Console.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            else PrintTable(document);
            return ExitCode.Done;
        }));
        return command;
    }

    private static JsonObject Time(BenchmarkShape shape, torch.Device device, double peak, TimeSpan duration, bool withBaseline)
    {
        using var batches = new BenchmarkBatches(shape, device);
        using var benchmark = new ShapeBenchmark(shape, batches, device, withBaseline);
        StepTimes times = benchmark.Run(duration);
        return new JsonObject
        {
            ["name"] = shape.Name,
            ["precision"] = "fp32",
            ["ms_per_step"] = Math.Round(times.Step, 2),
            ["tokens_per_second"] = Math.Round(shape.Tokens / times.Step * 1000),
            ["share_of_peak"] = Math.Round(shape.Flops / times.Step * 1000 / peak, 4),
            ["baseline_ms_per_step"] = times.Baseline is { } baseline ? Math.Round(baseline, 2) : null,
            ["data_ms"] = Math.Round(times.Data, 3),
            ["forward_ms"] = Math.Round(times.Forward, 2),
            ["backward_ms"] = Math.Round(times.Backward, 2),
            ["clip_ms"] = Math.Round(times.Clip, 2),
            ["optimizer_ms"] = Math.Round(times.Optimizer, 2),
            ["peak_rss_mb"] = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
        };
    }

    private static void PrintTable(JsonObject document)
    {
        Console.WriteLine($"{document["device"]}, {document["threads"]} threads; matrix product: {document["peak_gflops"]!["fp32"]} GFLOP/s in fp32, " +
            $"{document["peak_gflops"]!["bf16"]} in bf16\n");
        Console.WriteLine($"{"shape",-6} {"ms/step",9} {"tokens/s",10} {"of peak",8} {"baseline",9} {"data",7} {"forward",9} {"backward",9} {"clip",7} {"update",8} {"MB",7}");
        foreach (JsonObject shape in document["shapes"]!.AsArray().Cast<JsonObject>())
        {
            Console.WriteLine($"{shape["name"],-6} {shape["ms_per_step"],9} {shape["tokens_per_second"],10} {100 * shape["share_of_peak"]!.GetValue<double>(),6:0.0} % " +
                $"{shape["baseline_ms_per_step"]?.ToString() ?? "-",9} {shape["data_ms"],7} {shape["forward_ms"],9} {shape["backward_ms"],9} {shape["clip_ms"],7} " +
                $"{shape["optimizer_ms"],8} {shape["peak_rss_mb"],7}");
        }
    }
}
