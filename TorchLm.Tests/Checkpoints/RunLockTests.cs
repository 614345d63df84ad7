using System.Diagnostics;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Checkpoints;

public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public RunLockTests() => _run = new RunFolder(_folder.In("run"));

    private string LockPath => _folder.In("run", RunLock.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_hold_excludes_others_names_its_owner_and_is_gone_afterwards()
    {
        using (RunLock hold = RunLock.Take(_run))
        {
            Assert.Null(hold.StaleOwner);
            Assert.Null(RunLock.TryTake(_run));
            var failure = Assert.Throws<InputException>(() => RunLock.Take(_run));
            foreach (string word in new[] { $"Process {Environment.ProcessId} ", $"'{Environment.MachineName}'", _run.Path, "since 2", "Z: wait", "--out" })
            {
                Assert.Contains(word, failure.Message, StringComparison.Ordinal);
            }
            Assert.Equal(!OperatingSystem.IsWindows(), failure.Message.Contains($"(kill {Environment.ProcessId})", StringComparison.Ordinal));
        }
        Assert.Empty(_folder.Files());
        RunLock.Take(_run).Dispose();
    }

    [Fact]
    public void Letting_go_twice_does_not_take_the_folder_from_the_next()
    {
        RunLock first = RunLock.Take(_run);
        first.Dispose();
        using RunLock second = RunLock.Take(_run);
        first.Dispose();
        Assert.Null(RunLock.TryTake(_run));
    }

    [Fact]
    public void Remains_of_a_process_that_is_gone_are_taken_over_and_named()
    {
        LockOwner gone = Gone();
        _folder.Write("run/run.lock", gone.ToBytes());
        using RunLock hold = RunLock.Take(_run);
        Assert.Equal(gone, hold.StaleOwner);
        Assert.Null(RunLock.TryTake(_run));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"pid\":")]
    [InlineData("null")]
    [InlineData("[1,2]")]
    [InlineData("{\"pid\":-4,\"host\":\"x\",\"started\":\"2026-01-01T00:00:00Z\",\"command\":\"\",\"nonce\":\"n\"}")]
    [InlineData("{\"pid\":1e99,\"host\":\"x\"}")]
    [InlineData("{\"pid\":4,\"host\":null,\"nonce\":null}")]
    [InlineData("\0\0\0\0")]
    public void Whatever_stands_in_a_lock_that_nobody_holds_it_is_taken_over(string content)
    {
        _folder.Write("run/run.lock", content);
        using RunLock hold = RunLock.Take(_run);
        Assert.Null(hold.StaleOwner);
    }

    [Fact]
    public void A_lock_of_impossible_size_or_date_is_taken_over()
    {
        _folder.Write("run/run.lock", new byte[10_000_000]);
        RunLock.Take(_run).Dispose();
        LockOwner never = Gone() with { Pid = Environment.ProcessId, Started = DateTime.MaxValue };
        _folder.Write("run/run.lock", never.ToBytes());
        using RunLock hold = RunLock.Take(_run);
        Assert.Equal(never.Nonce, hold.StaleOwner?.Nonce);
        Assert.StartsWith("9999-12-31", hold.StaleOwner!.Since, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void What_a_lock_links_to_is_left_alone()
    {
        string mine = _folder.Write("mine.txt", "mine");
        Directory.CreateDirectory(_run.Path);
        foreach (string target in new[] { mine, _folder.In("nowhere") })
        {
            File.CreateSymbolicLink(LockPath, target);
            RunLock.Take(_run).Dispose();
            Assert.Equal("mine", File.ReadAllText(mine));
            Assert.Equal(["mine.txt"], _folder.Files());
        }
    }

    [Fact]
    public void The_file_says_who_holds_it()
    {
        using RunLock hold = RunLock.Take(_run);
        using FileStream? file = TorchLm.Core.Native.UnlockedFile.TryOpen(LockPath);
        JsonNode owner = JsonNode.Parse(file!)!;
        Assert.Equal(["pid", "host", "started", "command", "nonce"], owner.AsObject().Select(field => field.Key));
        Assert.Equal(Environment.ProcessId, (int)owner["pid"]!);
        Assert.InRange((DateTime)owner["started"]!, DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow);
    }

    [Fact]
    public void A_number_that_the_system_gave_away_again_is_not_the_owner()
    {
        LockOwner self = LockOwner.Current();
        Assert.True(self.IsAlive());
        using var process = Process.GetCurrentProcess();
        Assert.False((self with { Started = process.StartTime.ToUniversalTime().AddHours(-1) }).IsAlive());
        Assert.False((self with { Host = self.Host + "-2" }).IsAlive());
        Assert.False(Gone().IsAlive());
    }

    [Fact]
    public async Task Of_many_at_once_one_gets_the_folder()
    {
        for (int round = 0; round < 20; round++)
        {
            if (round % 2 == 0) _folder.Write("run/run.lock", Gone().ToBytes());
            using var start = new Barrier(4);
            RunLock?[] holds = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                return RunLock.TryTake(_run);
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Single(holds, hold => hold is not null);
            foreach (RunLock? hold in holds) hold?.Dispose();
            Assert.Empty(_folder.Files());
        }
    }

    /// <summary>An owner whose process has ended.</summary>
    private static LockOwner Gone()
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", "--version") { RedirectStandardOutput = true })!;
        process.WaitForExit();
        return LockOwner.Current() with { Pid = process.Id, Started = DateTime.UtcNow, Nonce = "gone" };
    }
}
