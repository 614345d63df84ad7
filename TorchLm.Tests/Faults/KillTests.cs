using System.Diagnostics;
using System.Globalization;

namespace TorchLm.Tests.Faults;

/// <summary>
/// Runs that are killed again and again. The short version is a part of the tests; <c>scripts/soak.sh</c> makes it long: TORCHLM_SOAK_KILLS and
/// TORCHLM_SOAK_MINUTES say how long, TORCHLM_SOAK_SEED repeats the draws, and TORCHLM_SOAK_REPORT is a file for the figures.
/// </summary>
public sealed class KillTests : IDisposable
{
    private static readonly string[] s_shape =
    [
        "--set", "model.layerCount=2", "--set", "model.embeddingSize=32", "--set", "model.headCount=2", "--set", "model.contextLength=32", "--set", "training.batchSize=4",
        "--set", "training.evalBatches=2", "--set", "training.evalInterval=40", "--set", "training.saveInterval=15", "--set", "optimizer.warmupSteps=10",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Whatever_kills_a_run_it_ends_with_the_same_bytes()
    {
        int kills = Setting("TORCHLM_SOAK_KILLS", 10), minutes = Setting("TORCHLM_SOAK_MINUTES", 0), seed = Setting("TORCHLM_SOAK_SEED", 1);
        bool isLong = minutes > 0;
        var random = new Random(seed);
        var report = new FaultReport(seed);
        var campaign = new FaultCampaign(random, report);
        string corpus = _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 4000).Select(i => $"{i} times {i % 7} is {i * (i % 7)}.")));
        using (var prepare = new FaultProcess(_folder.Path, null, "prepare", corpus, "--out", _folder["set"], "--tokenizer", "char", "--val-fraction", "0.1")) prepare.AssertEnds(0);
        FaultScenario Make(string name, int steps, params string[] settings) => new(name, _folder.Path, "slow-saves=4", steps, TimeSpan.FromSeconds(2),
            ["--data", _folder["set"], .. s_shape, .. settings.SelectMany(s => new[] { "--set", s })]);
        List<FaultScenario> scenarios = [Make("dropout-accumulation", 150, "model.dropout=0.1", "training.gradientAccumulationSteps=2", "training.precision=fp32")];
        if (isLong)
        {
            scenarios.Add(Make("bf16-dropout", 150, "model.dropout=0.2", "training.precision=bf16"));
            scenarios.Add(Make("plain-recomputed", 200, "training.activationCheckpointing=true", "training.precision=fp32", "training.keepCheckpoints=3"));
        }
        var clock = Stopwatch.StartNew();
        for (int i = 0; report.Kills < kills || clock.Elapsed < TimeSpan.FromMinutes(minutes); i++)
        {
            FaultScenario scenario = scenarios[i % scenarios.Count];
            await campaign.Run(scenario, faults: isLong ? random.Next(2, 12) : Math.Max(3, kills - report.Kills + 2), killsOnly: false);
            Write(report, "faults");
        }
        Assert.True(report.Kills >= kills);
        Assert.True(report.MostLost <= 40, $"{report.MostLost} steps were lost, far more than lie between two saves");
    }

    [LinuxFact]
    public async Task A_run_on_the_built_in_corpus_survives_kills_alone()
    {
        bool isLong = Setting("TORCHLM_SOAK_MINUTES", 0) > 0;
        int kills = isLong ? 50 : 3, seed = Setting("TORCHLM_SOAK_SEED", 1);
        var report = new FaultReport(seed);
        // The long version is the default run, with all its steps.
        FaultScenario scenario = isLong
            ? new FaultScenario("built-in", _folder.Path, "slow-saves=2", 800, TimeSpan.FromSeconds(20), "--set", "training.saveInterval=20", "--precision", "fp32")
            : new FaultScenario("built-in", _folder.Path, "slow-saves=4", 120, TimeSpan.FromSeconds(2), [.. s_shape, "--precision", "fp32"]);
        int killed = 0;
        var campaign = new FaultCampaign(new Random(seed), report);
        killed += await campaign.Run(scenario, kills, killsOnly: true);
        Write(report, "built-in");
        Assert.True(killed >= (isLong ? 50 : 1), $"the run ended after {killed} kills");
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    private static void Write(FaultReport report, string part)
    {
        if (Environment.GetEnvironmentVariable("TORCHLM_SOAK_REPORT") is { Length: > 0 } path) File.WriteAllText($"{path}.{part}.md", report.ToMarkdown());
    }
}
