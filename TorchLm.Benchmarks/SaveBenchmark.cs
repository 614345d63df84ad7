using System.Diagnostics;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>What a checkpoint costs the steps beside it: medians over rounds, in milliseconds.</summary>
/// <param name="Steps">Steps in a round.</param>
/// <param name="Round">A round in which nothing is saved.</param>
/// <param name="Background">What a save on a thread of its own adds to a round.</param>
/// <param name="Waiting">What a save that training waits for adds to it.</param>
/// <param name="Megabytes">A checkpoint's size.</param>
public sealed record SaveTimes(int Steps, double Round, double Background, double Waiting, double Megabytes);

/// <summary>Times rounds of training steps without a save, with one in the background and with one that is waited for, in turns.</summary>
public static class SaveBenchmark
{
    /// <summary>Runs for about as long as is said, three rounds of each kind at least.</summary>
    /// <param name="shape">The model and its batch.</param>
    /// <param name="device">Where it is trained.</param>
    /// <param name="precision">What it computes in.</param>
    /// <param name="folder">Where checkpoints are written; what is made there is deleted again.</param>
    /// <param name="steps">Steps in a round.</param>
    /// <param name="duration">The time.</param>
    public static SaveTimes Run(BenchmarkShape shape, Device device, Precision precision, string folder, int steps, TimeSpan duration)
    {
        var run = new RunFolder(Path.Combine(folder, $"torchlm-bench-save-{Environment.ProcessId}"));
        using var batches = new BenchmarkBatches(shape, device);
        using var model = new Gpt(shape.Model, 1, device, precision);
        model.train();
        LossScaler? scaler = precision == Precision.Float16 ? new LossScaler(device) : null;
        using var optimizer = new Optimizer(model, new OptimizerConfig(), scaler);
        using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(new OptimizerConfig(), 1000), batches, new TrainingConfig { Steps = 1000 }, scaler);
        using var saver = new CheckpointSaver(run, model, optimizer, keep: 1);
        try
        {
            long made = 0;
            double Round(Action? save)
            {
                long start = Stopwatch.GetTimestamp();
                save?.Invoke();
                for (int i = 0; i < steps; i++)
                {
                    step.Run(made++ % 1000);
                    step.TakeOutcomes(); // waits for the device
                }
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            void Begin() => saver.Begin(new TrainingState { Step = made }, isBest: false);
            void Finish()
            {
                if (saver.Finish() is { Failure: { } failure }) throw new IOException(failure);
            }

            Round(Begin); // compiles, and takes the memory
            Finish();
            List<double> plain = [], background = [], waiting = [];
            var clock = Stopwatch.StartNew();
            while (plain.Count < 3 || clock.Elapsed < duration)
            {
                plain.Add(Round(null));
                background.Add(Round(Begin));
                Finish();
                waiting.Add(Round(() =>
                {
                    Begin();
                    Finish();
                }));
            }
            long bytes = Directory.EnumerateFiles(run.StepPath(run.LatestStep!.Value)).Sum(file => new FileInfo(file).Length);
            return new SaveTimes(steps, ShapeBenchmark.Median(plain), ShapeBenchmark.Median(Differences(background, plain)), ShapeBenchmark.Median(Differences(waiting, plain)), bytes / 1e6);
        }
        finally
        {
            saver.Finish();
            Directory.Delete(run.Path, recursive: true);
        }
    }

    /// <summary>Neighbours in time are compared, so that what slows all of them down for a while does not count.</summary>
    private static IEnumerable<double> Differences(List<double> with, List<double> without) => with.Zip(without, (a, b) => a - b);
}
