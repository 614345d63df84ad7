using System.Diagnostics;
using TorchLm.Core.Checkpoints;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Distributed;

/// <summary>One job on two hosts that only a cable connects.</summary>
public sealed class TwoHostsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TwoHostsFact]
    public async Task A_job_on_two_hosts_ends_soon_after_the_cable_is_cut_and_says_where()
    {
        string corpus = _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 4000).Select(i => $"{i} times {i % 7} is {i * (i % 7)}.")));
        using var hosts = new TwoHosts();
        using Process job = hosts.Start(["train", "--data", corpus, "--out", _folder["run"], "--set", "data.tokenizer=char", "--set", "training.precision=fp32",
            .. Faults.KillTests.Shape, "--set", "training.steps=1000000"]);
        var errors = new System.Text.StringBuilder();
        job.ErrorDataReceived += (_, line) =>
        {
            lock (errors) errors.AppendLine(line.Data);
        };
        job.BeginErrorReadLine();
        job.BeginOutputReadLine();
        for (var waited = Stopwatch.StartNew(); !File.Exists(_folder["run/latest.json"]); await Task.Delay(50)) Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2));
        Assert.Equal(2, hosts.Programs().Length);
        hosts.Cut();
        for (var waited = Stopwatch.StartNew(); hosts.Programs().Length > 0; await Task.Delay(100)) Assert.True(waited.Elapsed < TimeSpan.FromSeconds(35), "a rank still runs");
        for (var waited = Stopwatch.StartNew(); !Said().Contains("has not been heard of", StringComparison.Ordinal) && waited.Elapsed < TimeSpan.FromSeconds(5);) await Task.Delay(50);
        Assert.Contains($"rank 1 on {hosts.SecondName} has not been heard of for 20 s", Said(), StringComparison.Ordinal);
        long step = new RunFolder(_folder["run"]).LatestStep!.Value;
        ProgramProcess resumed = ProgramProcess.Run(_folder.Path, "train", "--resume", _folder["run"], "--max-steps", $"{step + 15}");
        Assert.True(resumed.ExitCode == 0, resumed.Errors);

        string Said()
        {
            lock (errors) return errors.ToString();
        }
    }
}
