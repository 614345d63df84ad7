namespace TorchLm.Reports.Runs;

/// <summary>Where a run's time went.</summary>
/// <param name="What">The part.</param>
/// <param name="Seconds">How long it took in all.</param>
public sealed record TimeSpent(string What, double Seconds)
{
    private static readonly (string What, string Field)[] s_phases =
        [("data", "ms.data"), ("forward", "ms.forward"), ("backward", "ms.backward"), ("optimizer", "ms.optimizer")];

    /// <summary>The parts of a run, in the order of a step; empty where the run did not measure them.</summary>
    public static IReadOnlyList<TimeSpent> Of(RunRecord run)
    {
        var sums = s_phases.Select(p => p.What).Concat(["evaluation", "saving"]).ToDictionary(what => what, _ => 0.0);
        long before = 0;
        foreach (MetricsPoint point in run.Points)
        {
            if (point["tokens"] is not null)
            {
                long steps = Math.Max(0, point.Step - before);
                before = point.Step;
                foreach ((string what, string field) in s_phases) sums[what] += steps * (point[field] ?? 0) / 1000; // a mean of a step
                sums["saving"] += (point["ms.saving"] ?? 0) / 1000;
            }
            if (point["val_loss"] is not null) sums["evaluation"] += point["seconds"] ?? 0;
        }
        return sums.Values.Sum() > 0 ? [.. sums.Select(s => new TimeSpent(s.Key, s.Value))] : [];
    }
}
