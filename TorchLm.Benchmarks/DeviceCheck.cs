using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchLm.Core.Configuration;
using TorchSharp;

namespace TorchLm.Benchmarks;

/// <summary>What a case measured.</summary>
/// <param name="Error">How far the result is off, in the case's own measure.</param>
/// <param name="Tolerance">How far it may be.</param>
/// <param name="Detail">What else there is to say.</param>
public sealed record CheckOutcome(double Error, double Tolerance, string? Detail = null)
{
    /// <summary>Whether it is within the tolerance; an error that is not a number is not.</summary>
    public bool Passed => Error <= Tolerance;
}

/// <summary>A case and how it went.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Error">The measured error; null where the case failed before there was one.</param>
/// <param name="Tolerance">What is allowed.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Detail">What else there is to say, such as libtorch's message.</param>
public sealed record CheckResult(string Name, bool Passed, double? Error, double? Tolerance, double Seconds, string? Detail);

/// <summary>One promise about a device.</summary>
/// <param name="Name">A few words.</param>
/// <param name="Run">Measures it.</param>
internal sealed record CheckCase(string Name, Func<CheckOutcome> Run);

/// <summary>Whether a device computes what it should: small models on it against float64 on the CPU.</summary>
public static class DeviceCheck
{
    /// <summary>The models that are checked.</summary>
    public static ModelConfig Shape => ModelChecks.Config;

    /// <summary>Runs all cases; each is reported as it ends.</summary>
    /// <param name="device">What is checked.</param>
    /// <param name="precision">In what it computes.</param>
    public static IEnumerable<CheckResult> Run(torch.Device device, DeviceCheckPrecision precision)
    {
        IEnumerable<CheckCase> cases =
        [
            .. new OperatorChecks(device, precision).Cases, .. new ModelChecks(device, precision).Cases, .. new TrainingChecks(device, precision).Cases,
        ];
        return cases.Select(Run);
    }

    private static CheckResult Run(CheckCase check)
    {
        long start = Stopwatch.GetTimestamp();
        double Seconds() => Stopwatch.GetElapsedTime(start).TotalSeconds;
        try
        {
            using var scope = torch.NewDisposeScope();
            CheckOutcome outcome = check.Run();
            return new CheckResult(check.Name, outcome.Passed, outcome.Error, outcome.Tolerance, Seconds(), outcome.Detail);
        }
        catch (Exception e) when (e is ExternalException or InvalidOperationException or NotSupportedException)
        {
            // What libtorch cannot do on this device is a finding, and the other cases have theirs.
            return new CheckResult(check.Name, false, null, null, Seconds(), e.Message.Split('\n')[0]);
        }
    }
}
