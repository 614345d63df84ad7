using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Train.Commands;
using TorchSharp;

namespace TorchLm.Train.Reporting;

/// <summary>What a run says before it starts: model, data, device, folder.</summary>
internal static class RunHeader
{
    public static void Print(RunFolder run, RunConfig config, TokenDataset dataset, Job job, PrecisionChoice precision, double peakFlops)
    {
        DeviceChoice device = job.Device;
        ModelConfig m = config.Model;
        TrainingConfig t = config.Training;
        DatasetSplit? validation = dataset.Val;
        string threads = device.Device.type == DeviceType.CPU ? $"{Threads(torch.get_num_threads())}; " : "";
        string accumulation = t.GradientAccumulationSteps > 1 ? $" x {t.GradientAccumulationSteps}" : "";
        Line("Model", $"{m.Family}, {m.LayerCount} layers, {m.HeadCount} heads, width {m.EmbeddingSize}, context {m.ContextLength}: " +
            $"{ModelCost.Parameters(m) / 1e6:0.00} M parameters");
        if (t.InitFrom is { } initial) Line("From", Path.GetRelativePath(".", initial));
        Line("Data", $"{(config.Data.Path is null ? "built-in fables" : config.Data.Path)}: {dataset.Train.Tokens:N0} tokens to train on, " +
            $"{validation?.Tokens ?? 0:N0} to validate on, {m.VocabularySize:N0} ids{(dataset.Manifest is { } made ? $" ({made.Tokenizer.Kind})" : "")}");
        Line("Steps", $"{t.Steps:N0} of {t.BatchSize}{accumulation} x {m.ContextLength} tokens: " +
            $"{(double)MicroBatch.SequencesInRun(t) * m.ContextLength / dataset.Train.Tokens:0.0} times the data");
        Line("Device", $"{device.Device} ({threads}{device.Reason}), {precision.Precision.Name()} ({precision.Reason}), {peakFlops / 1e9:N0} GFLOP/s at most");
        if (job.Ranks.WorldSize > 1) Line("Ranks", $"{job.Ranks.WorldSize}, by {job.Ranks.Engine}: each step's sequences are shared among them");
        foreach (string idle in IdleSettings.Of(config)) Line("Note", idle);
        Line("Folder", Path.GetRelativePath(".", run.Path));
        Console.Error.WriteLine();
    }

    /// <summary>A number of threads in words.</summary>
    public static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static void Line(string name, string text) => Console.Error.WriteLine($"{name,-7} {text}");
}
