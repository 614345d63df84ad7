using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Core.Devices;
using TorchSharp;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench save</c>: what a checkpoint costs the training steps beside it.</summary>
internal static class BenchSaveCommand
{
    public static Command Create()
    {
        var config = new Option<string>("--config")
        {
            Description = "The shape to train.", HelpName = string.Join('|', BenchmarkShape.All.Select(s => s.Name)), DefaultValueFactory = _ => "tiny",
        };
        config.AcceptOnlyFromAmong([.. BenchmarkShape.All.Select(s => s.Name)]);
        var steps = new Option<int>("--steps") { Description = "Steps from one save to the next.", HelpName = "N", DefaultValueFactory = _ => 250 };
        var seconds = new Option<double>("--seconds") { Description = "How long to measure.", HelpName = "S", DefaultValueFactory = _ => 60 };
        var folder = new Option<string>("--work")
        {
            Description = "A folder on the disk that checkpoints are written to. Default: the one for temporary files.", HelpName = "DIR", DefaultValueFactory = _ => Path.GetTempPath(),
        };
        Option<string> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("save", "Time what saving a checkpoint costs training on this machine.", ["torchlm bench save --config char --steps 100"]) { config, steps, seconds, folder, device, threads, json };
        command.SetAction(Program.Action((parsed, _) =>
        {
            if (parsed.GetValue(steps) < 1) throw new InputException($"--steps is {parsed.GetValue(steps)}, but it must be at least 1.");
            if (parsed.GetValue(seconds) <= 0) throw new InputException($"--seconds is {parsed.GetValue(seconds)}, but it must be above 0.");
            CommonOptions.UseThreads(parsed.GetValue(threads));
            BenchmarkShape shape = BenchmarkShape.All.Single(s => s.Name == parsed.GetValue(config));
            torch.Device where = DeviceChoice.Of(parsed.GetValue(device)!).Device;
            PrecisionChoice precision = PrecisionChoice.Of("auto", where, shape.Model, shape.BatchSize);
            SaveTimes times = SaveBenchmark.Run(shape, where, precision.Precision, parsed.GetValue(folder)!, parsed.GetValue(steps), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
            var document = new JsonObject
            {
                ["shape"] = shape.Name, ["megabytes"] = Math.Round(times.Megabytes, 1), ["steps"] = times.Steps, ["ms_per_step"] = Math.Round(times.Round / times.Steps, 2),
                ["background_ms"] = Math.Round(times.Background, 1), ["background_share"] = Math.Round(times.Background / times.Round, 4),
                ["waiting_ms"] = Math.Round(times.Waiting, 1), ["waiting_share"] = Math.Round(times.Waiting / times.Round, 4),
            };
            Console.WriteLine(parsed.GetValue(json) ? document.ToJsonString(new JsonSerializerOptions { WriteIndented = true })
                : $"{shape.Name}: a checkpoint of {times.Megabytes:N1} MB each {times.Steps:N0} steps of {times.Round / times.Steps:N1} ms costs {times.Background:N1} ms " +
                    $"({100 * times.Background / times.Round:0.0} %) in the background; waited for, {times.Waiting:N1} ms ({100 * times.Waiting / times.Round:0.0} %).");
            return ExitCode.Done;
        }));
        return command;
    }
}
