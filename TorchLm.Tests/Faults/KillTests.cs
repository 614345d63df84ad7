using System.Diagnostics;

namespace TorchLm.Tests.Faults;

/// <summary>
/// Runs that are killed again and again. The short version is a part of the tests; <c>scripts/soak.sh</c> makes it long: TORCHLM_SOAK_KILLS and
/// TORCHLM_SOAK_MINUTES say how long, TORCHLM_SOAK_SEED repeats the draws, and TORCHLM_SOAK_REPORT is a file for the figures.
/// </summary>
public sealed class KillTests : IDisposable
{
    internal static readonly string[] Shape =
    [
        "--set", "model.layerCount=2", "--set", "model.embeddingSize=32", "--set", "model.headCount=2", "--set", "model.contextLength=32", "--set", "training.batchSize=4",
        "--set", "training.evalBatches=2", "--set", "training.evalInterval=40", "--set", "training.saveInterval=15", "--set", "optimizer.warmupSteps=10",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Whatever_kills_a_run_it_ends_with_the_same_bytes()
    {
        int kills = SoakSetting.Of("TORCHLM_SOAK_KILLS", 10), minutes = SoakSetting.Of("TORCHLM_SOAK_MINUTES", 0), seed = SoakSetting.Of("TORCHLM_SOAK_SEED", 1);
        bool isLong = SoakSetting.IsLong;
        var random = new Random(seed);
        var report = new FaultReport(seed);
        var campaign = new FaultCampaign(random, report);
        string corpus = _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 4000).Select(i => $"{i} times {i % 7} is {i * (i % 7)}.")));
        using (var prepare = new FaultProcess(_folder.Path, null, "prepare", corpus, "--out", _folder["set"], "--tokenizer", "char", "--val-fraction", "0.1")) prepare.AssertEnds(0);
        FaultScenario Make(string name, int steps, params string[] settings) => Faulty(name, "slow-saves=4", steps, settings);
        FaultScenario Faulty(string name, string faults, int steps, params string[] settings) => new(name, _folder.Path, faults, steps, TimeSpan.FromSeconds(2),
            ["--data", _folder["set"], .. Shape, .. settings.SelectMany(s => new[] { "--set", s })]);
        List<FaultScenario> scenarios = [Make("dropout-accumulation", 150, "model.dropout=0.1", "training.gradientAccumulationSteps=2", "training.precision=fp32")];
        if (isLong)
        {
            scenarios.Add(Make("bf16-dropout", 150, "model.dropout=0.2", "training.precision=bf16"));
            scenarios.Add(Make("plain-recomputed", 200, "training.activationCheckpointing=true", "training.precision=fp32", "training.keepCheckpoints=3"));
            scenarios.Add(Faulty("nan-and-out-of-memory", "slow-saves=4,nan@20,nan@47,out-of-memory@33", 150, "training.precision=fp32"));
        }
        var clock = Stopwatch.StartNew();
        for (int i = 0; report.Kills < kills || clock.Elapsed < TimeSpan.FromMinutes(minutes); i++)
        {
            FaultScenario scenario = scenarios[i % scenarios.Count];
            await campaign.Run(scenario, faults: isLong ? random.Next(2, 12) : Math.Max(3, kills - report.Kills + 2), killsOnly: false);
            SoakSetting.Write(report, "faults");
        }
        Assert.True(report.Kills >= kills);
        Assert.True(report.MostLost <= 40, $"{report.MostLost} steps were lost, far more than lie between two saves");
    }
}
