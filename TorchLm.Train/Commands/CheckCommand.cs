using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core.Devices;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;
using TorchSharp;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm check</c>: whether a device computes what it should.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        Option<string> device = CommonOptions.Device();
        Option<string?> type = CommonOptions.Precision();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("check", "Compare a device's results with those in float64.",
            ["torchlm check", "torchlm check --device cuda --precision bf16"])
        {
             device, type, threads, json,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            bool asJson = parsed.GetValue(json);
            torch.Device where = DeviceChoice.Of(parsed.GetValue(device)!).Device;
            DeviceCheckPrecision precision = DeviceCheckPrecision.Of(PrecisionChoice.Of(parsed.GetValue(type) ?? "fp32", where, DeviceCheck.Shape, 2).Precision);
            CudaGpu? gpu = where.type == DeviceType.CUDA ? CudaDriver.List(out _).ElementAtOrDefault(where.index) : null;
            if (!asJson)
            {
                Console.WriteLine($"{where} ({gpu?.Name ?? RunHeader.Threads(torch.get_num_threads())}), {precision.Name}, against float64 on the CPU\n");
                Console.WriteLine($"{"",-4} {"case",-40} {"error",9} {"allowed",9} {"seconds",8}");
            }
            var results = new List<CheckResult>();
            foreach (CheckResult result in DeviceCheck.Run(where, precision))
            {
                cancel.ThrowIfCancellationRequested();
                results.Add(result);
                if (!asJson) PrintLine(result);
            }
            int failed = results.Count(r => !r.Passed);
            long? memory = gpu is null ? null : CudaDriver.MemoryInUse();
            if (asJson) Console.WriteLine(Document(where, gpu, precision, memory, results).ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            else Console.WriteLine($"\n{(failed == 0 ? $"All {results.Count} cases passed." : $"{failed} of {results.Count} cases failed.")}" +
                (memory is { } bytes ? $" {SystemFacts.Gigabytes(bytes)} of the device's memory are in use." : ""));
            return failed == 0 ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    private static void PrintLine(CheckResult r)
    {
        Console.WriteLine($"{(r.Passed ? "yes" : "NO"),-4} {r.Name,-40} {Number(r.Error),9} {Number(r.Tolerance),9} {r.Seconds,8:0.00}");
        if (r.Detail is { } detail) Console.WriteLine("     " + detail);
    }

    private static string Number(double? value) => value switch { null => "-", 0 => "0", { } v => v.ToString("0.0e+0") };

    private static JsonObject Document(torch.Device device, CudaGpu? gpu, DeviceCheckPrecision precision, long? memory, List<CheckResult> results) => new()
    {
        ["device"] = device.ToString(),
        ["gpu"] = gpu?.Name,
        ["compute_capability"] = gpu is null ? null : $"{gpu.ComputeMajor}.{gpu.ComputeMinor}",
        ["bf16_supported"] = gpu?.SupportsBFloat16,
        ["libtorch"] = torch.__version__,
        ["threads"] = torch.get_num_threads(),
        ["precision"] = precision.Name,
        ["passed"] = results.All(r => r.Passed),
        ["device_memory_mb"] = memory >> 20,
        ["cases"] = new JsonArray([.. results.Select(r => new JsonObject
        {
            ["name"] = r.Name,
            ["passed"] = r.Passed,
            ["error"] = r.Error is { } error && double.IsFinite(error) ? error : null, // JSON has no NaN
            ["tolerance"] = r.Tolerance,
            ["seconds"] = Math.Round(r.Seconds, 3),
            ["detail"] = r.Detail,
        })]),
    };
}
