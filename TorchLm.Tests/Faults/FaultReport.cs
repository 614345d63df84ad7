using System.Globalization;
using System.Text;

namespace TorchLm.Tests.Faults;

/// <summary>What was done to runs, and what became of them.</summary>
internal sealed class FaultReport(int seed)
{
    private readonly SortedDictionary<string, int> _injected = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (int Runs, int Faults, long Lost)> _scenarios = new(StringComparer.Ordinal);
    private readonly DateTime _start = DateTime.UtcNow;

    public int Kills { get; private set; }

    public int KillsInSaves { get; private set; }

    public int Total => _injected.Values.Sum();

    public long MostLost { get; private set; }

    public long MostLostToDamage { get; private set; }

    public void Injected(string kind) => _injected[kind] = _injected.GetValueOrDefault(kind) + 1;

    public void Killed(bool inSave)
    {
        Kills++;
        if (inSave) KillsInSaves++;
    }

    /// <summary>Counts the steps that were made again after a fault; damage to a checkpoint costs those since the one before it.</summary>
    public void Lost(long steps, bool damaged)
    {
        if (damaged) MostLostToDamage = Math.Max(MostLostToDamage, steps);
        else MostLost = Math.Max(MostLost, steps);
    }

    /// <summary>Counts a run that ended with the bytes of the undisturbed one.</summary>
    public void Survived(FaultScenario scenario, int faults)
    {
        (int runs, int all, long most) = _scenarios.GetValueOrDefault(scenario.ToString());
        _scenarios[scenario.ToString()] = (runs + 1, all + faults, Math.Max(most, faults));
    }

    /// <summary>The figures as a table in Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"Seed {seed}, {(DateTime.UtcNow - _start).TotalMinutes:0} minutes.\n");
        Line($"| fault | times |");
        Line($"|---|---:|");
        foreach ((string kind, int times) in _injected) Line($"| {kind} | {times:N0} |");
        Line($"| **all** | **{Total:N0}** |\n");
        Line($"Of {Kills:N0} kills, {KillsInSaves:N0} struck while a checkpoint was being written.");
        Line($"Steps made again: at most {MostLost:N0} after a kill or a signal, at most {MostLostToDamage:N0} where the latest checkpoint was damaged too.\n");
        Line($"| run | ended with the undisturbed run's bytes | faults in them | most in one |");
        Line($"|---|---:|---:|---:|");
        foreach ((string scenario, (int runs, int faults, long most)) in _scenarios) Line($"| {scenario} | {runs:N0} | {faults:N0} | {most:N0} |");
        return text.ToString();
    }
}
