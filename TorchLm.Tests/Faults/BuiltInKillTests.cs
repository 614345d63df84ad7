namespace TorchLm.Tests.Faults;

/// <summary>One run on the built-in corpus that is killed as often as it takes: in the long version (see <see cref="KillTests"/>) the default run, 50 times.</summary>
public sealed class BuiltInKillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task A_run_on_the_built_in_corpus_survives_kills_alone()
    {
        bool isLong = SoakSetting.IsLong;
        int kills = isLong ? 50 : 3, seed = SoakSetting.Of("TORCHLM_SOAK_SEED", 1);
        var report = new FaultReport(seed);
        // The long version is the default run, with all its steps.
        FaultScenario scenario = isLong
            ? new FaultScenario("built-in", _folder.Path, "slow-saves=2", 2400, TimeSpan.FromSeconds(6), "--set", "training.saveInterval=25", "--precision", "fp32")
            : new FaultScenario("built-in", _folder.Path, "slow-saves=4", 120, TimeSpan.FromSeconds(2), [.. KillTests.Shape, "--precision", "fp32"]);
        int killed = 0;
        var campaign = new FaultCampaign(new Random(seed), report);
        killed += await campaign.Run(scenario, kills, killsOnly: true);
        SoakSetting.Write(report, "built-in");
        Assert.True(killed >= (isLong ? 50 : 1), $"the run ended after {killed} kills");
    }
}
