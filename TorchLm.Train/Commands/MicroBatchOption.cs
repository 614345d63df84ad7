using System.CommandLine;
using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary>What <c>--micro-batch</c> asks for.</summary>
/// <param name="Sequences">Sequences in a micro-batch; null is auto, the largest that fits.</param>
internal sealed record MicroBatchOption(int? Sequences)
{
    private const string Name = "--micro-batch", Auto = "auto";

    public static Option<string?> Create() => new(Name)
    {
        Description = "Sequences computed at once; auto: the most that fit. The effective batch stays. Default: training.batchSize.",
        HelpName = "N|auto",
    };

    /// <summary>Reads the option's value.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static MicroBatchOption? Parse(string? text) => text switch
    {
        null => null,
        Auto => new MicroBatchOption((int?)null),
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 => new MicroBatchOption(number),
        _ => throw new InputException($"{Name} is '{text}', but it must be a number of sequences of at least 1, or {Auto}."),
    };

    /// <summary>The run with the micro-batch that was asked for by number; with auto as it was.</summary>
    /// <exception cref="InputException">The number does not divide the effective batch.</exception>
    public RunConfig WithNumber(RunConfig config) => Sequences is { } number ? config with { Training = MicroBatch.Apply(config.Training, number) } : config;

    /// <summary>With auto, the run with the largest micro-batch that fits, and a line that says so; with a number as it was.</summary>
    public RunConfig WithTrial(RunConfig config, DeviceChoice device, Precision precision, CancellationToken cancel)
    {
        if (Sequences is not null) return config;
        (int sequences, long bytes) = Try(config, device, precision, cancel);
        TrainingConfig training = MicroBatch.Apply(config.Training, sequences);
        string why = training.GradientAccumulationSteps == 1 ? "the whole of it fits in" : "the largest that fits in";
        Console.Error.WriteLine($"Micro-batch {sequences} x {training.GradientAccumulationSteps} (effective batch {MicroBatch.EffectiveBatch(training)}): {why} {MicroBatchTrial.GiB(bytes)} " +
            "of memory.");
        return config with { Training = training };
    }

    private static (int Sequences, long Bytes) Try(RunConfig config, DeviceChoice device, Precision precision, CancellationToken cancel)
    {
        var line = new StatusLine();
        try
        {
            return MicroBatchTrial.Largest(config.Model, config.Training, device.Device, precision, config.Optimizer, size => line.Show($"Trying a micro-batch of {size}"), cancel);
        }
        finally
        {
            line.Clear();
        }
    }
}
