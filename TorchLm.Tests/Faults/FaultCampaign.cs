using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>Lets faults drawn by chance happen to a run until it has ended in spite of them.</summary>
internal sealed class FaultCampaign(Random random, FaultReport report)
{
    private static readonly string[] s_signals = ["INT", "TERM", "HUP"];

    private int _runs;

    /// <summary>Makes one run with that many faults in it, and asserts that it ends as if there had been none.</summary>
    /// <param name="scenario">The run.</param>
    /// <param name="faults">Faults to inject, unless it ends before.</param>
    /// <param name="killsOnly">Whether nothing but SIGKILL happens, spread over the steps so that the run does not end before the last of them.</param>
    /// <returns>Kills in it.</returns>
    public async Task<int> Run(FaultScenario scenario, int faults, bool killsOnly)
    {
        RunFolder run = scenario.NewRun(++_runs);
        var story = new List<string>();
        long? stoodAt = null;
        bool damaged = false, noticed = false;
        int kills = 0;
        while (true)
        {
            using FaultProcess process = scenario.Start(run, null);
            bool inject = story.Count < faults;
            string fault = !inject ? "none" : killsOnly || random.Next(10) < 7 ? "kill" : s_signals[random.Next(s_signals.Length)];
            if (inject && await Strike(scenario, run, process, fault, killsOnly ? faults - story.Count : null)) story.Add(fault);
            int code = process.End();
            noticed |= process.Errors.Contains("damaged", StringComparison.Ordinal); // by this one, or by one that was killed before it went on
            if (stoodAt is { } last && process.ContinuedAt is { } at)
            {
                report.Lost(last - at, damaged);
                Assert.True(noticed == damaged, $"{scenario.Name}: damage {(damaged ? "was not" : "that there is none was")} noticed after {Tell(story)}:\n{process.Errors}");
                (stoodAt, damaged, noticed) = (null, false, false);
            }
            if (code == 0 || IsComplete(scenario, run, process, code)) break;
            if (!inject || story.Count == 0) Assert.Fail($"{scenario.Name}: exited with {code} although nothing was done to it, after {Tell(story)}:\n{process.Errors}");
            stoodAt ??= FaultScenario.LastStep(run);
            if (fault == "kill")
            {
                kills++;
                bool inSave = Directory.Exists(run.Path) && Directory.EnumerateDirectories(run.Path, "*.tmp").Any();
                report.Killed(inSave);
                report.Injected(inSave ? "SIGKILL inside a save" : "SIGKILL");
                if (!killsOnly && !damaged && random.Next(4) == 0) // what nobody has noticed yet is not damaged again: there may be nothing else left
                {
                    if (Damage(run) is { } damage)
                    {
                        damaged = true;
                        story.Add(damage);
                        report.Injected(damage.Split(' ')[0]);
                    }
                    else if (RefusesDamage(scenario, run))
                    {
                        story.Add("damage of all there is");
                        report.Injected("damage of the only checkpoint");
                    }
                }
            }
            else
            {
                report.Injected("SIG" + fault);
                Assert.True(code == 130, $"{scenario.Name}: exited with {code} after SIG{fault}, {Tell(story)}:\n{process.Errors}");
                Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
            }
        }
        scenario.AssertSame(run, Tell(story));
        report.Survived(scenario, story.Count);
        Directory.Delete(run.Path, recursive: true);
        return kills;
    }

    /// <summary>
    /// A run that is struck when all its steps are saved has nothing left to do but its closing words, and says so when it is resumed. In the process's last
    /// moments nobody listens to signals any more: it ends by them (128 and their number).
    /// </summary>
    private static bool IsComplete(FaultScenario scenario, RunFolder run, FaultProcess process, int code) =>
        (code == 2 && process.Errors.Contains("already; to go on, ask for more", StringComparison.Ordinal)) || (code is 129 or 143 && run.LatestStep == scenario.Steps);

    private static string Tell(List<string> story) => story.Count == 0 ? "nothing" : string.Join(", ", story);

    /// <summary>Waits for a moment that is drawn by chance, and strikes.</summary>
    /// <returns>False where the process ended before.</returns>
    private async Task<bool> Strike(FaultScenario scenario, RunFolder run, FaultProcess process, string fault, int? spreadOver)
    {
        bool early = fault == "kill" && random.Next(8) == 0, inSave = !early && random.Next(3) == 0;
        if (early)
        {
            await Task.Delay(random.Next(2500)); // while it starts
        }
        else
        {
            if (!await process.Until(() => process.ContinuedAt is not null || process.Errors.Contains("val loss", StringComparison.Ordinal))) return false; // it trains
            double moment = random.NextDouble();
            long from = process.ContinuedAt ?? 0;
            if (inSave)
            {
                if (!await process.Until(() => Directory.EnumerateDirectories(run.Path, "*.tmp").Any())) return false;
                await Task.Delay(random.Next(60));
            }
            else if (spreadOver is { } left)
            {
                double reach = (scenario.Steps - from) * moment * Math.Min(0.8, 2.0 / left);
                if (!await process.Until(() => FaultScenario.LastStep(run) >= from + (long)reach)) return false;
                await Task.Delay(random.Next(60));
            }
            else
            {
                await Task.Delay(scenario.Window * moment);
            }
        }
        if (process.HasExited) return false;
        if (fault == "kill") process.Kill();
        else process.Send(fault);
        return true;
    }

    /// <summary>Flips a bit of the latest checkpoint, or cuts one of its files off; only where there is a checkpoint before it.</summary>
    private string? Damage(RunFolder run)
    {
        if (run.Steps().Count < 2 || run.LatestStep is not { } latest || run.Steps()[0] >= latest) return null;
        string[] files = [.. Files(run, latest), Path.Combine(run.Path, "latest.json")];
        string file = files[random.Next(files.Length)];
        return $"{Spoil(file)} of {Path.GetFileName(file)}";
    }

    /// <summary>
    /// Damages the only checkpoint of a run, which then must be refused in a sentence, with all of its bytes still there; and takes the damage back.
    /// </summary>
    /// <returns>False where it has none, or several.</returns>
    private bool RefusesDamage(FaultScenario scenario, RunFolder run)
    {
        if (run.Steps() is not [long only] || run.LatestStep != only) return false;
        string file = Files(run, only)[random.Next(3)], aside = run.StepPath(only) + ".damaged";
        byte[] before = File.ReadAllBytes(file);
        string how = Spoil(file);
        byte[] spoiled = File.ReadAllBytes(file);
        using FaultProcess process = scenario.Start(run, null);
        process.AssertEnds(2);
        Assert.True(process.Errors.Contains("no checkpoint to continue from", StringComparison.Ordinal) && process.Errors.Contains(Path.GetFileName(file), StringComparison.Ordinal),
            $"{scenario.Name}: after {how} of {file}:\n{process.Errors}");
        Assert.Equal(spoiled, File.ReadAllBytes(Path.Combine(aside, Path.GetFileName(file))));
        Directory.Move(aside, run.StepPath(only));
        File.WriteAllBytes(file, before);
        return true;
    }

    private static string[] Files(RunFolder run, long step) => [.. Directory.EnumerateFiles(run.StepPath(step)).Order(StringComparer.Ordinal)];

    private string Spoil(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int at = random.Next(bytes.Length);
        bool cuts = random.Next(2) == 0;
        if (cuts) bytes = bytes[..at];
        else bytes[at] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(file, bytes);
        return $"{(cuts ? "truncation" : "bit-flip")} at {at}";
    }
}
