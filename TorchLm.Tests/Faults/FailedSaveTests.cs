using System.Diagnostics;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>Disks that are full and folders that vanish: the run goes on or stops as was asked, says so in a sentence, and loses nothing that was saved.</summary>
public sealed class FailedSaveTests : IDisposable
{
    private static readonly string[] s_train =
    [
        "train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.saveInterval=5", "--set", "training.evalInterval=1000", "--set", "training.logInterval=1",
        "--data", "corpus.txt",
    ];

    /// <summary>What is said of a folder that is gone.</summary>
    private const string Gone = "the run's folder '.*run' is gone";

    private readonly TemporaryFolder _folder = new();
    private string? _mounted;

    public FailedSaveTests() => _folder.Write("corpus.txt", FaultScenario.SmallCorpus);

    public void Dispose()
    {
        if (_mounted is not null) Sudo("umount", "-l", _mounted);
        _folder.Dispose();
    }

    [TmpfsFact]
    public void A_full_disk_lets_the_run_go_on_and_the_last_checkpoint_stay()
    {
        Done([.. s_train, "--out", "whole", "--set", "training.steps=40"]);
        RunFolder whole = new(_folder["whole"]);
        long size = Directory.EnumerateFiles(whole.StepPath(40)).Sum(f => new FileInfo(f).Length);
        Mount($"{(4 * size) + (1 << 20) + DataSize(whole)}");
        var run = new RunFolder(Path.Combine(_mounted!, "run"));
        Done([.. s_train, "--out", run.Path, "--set", "training.steps=40", "--max-steps", "20"]);
        string filler = Path.Combine(_mounted!, "filler");
        Fill(filler);

        using (FaultProcess process = new(_folder.Path, null, "train", "--resume", run.Path))
        {
            process.AssertEnds(1);
            foreach (int step in new[] { 25, 30, 35, 40 })
            {
                Assert.Matches($@"Step {step} is not saved: a checkpoint takes [\d,]+ kB, and the disk of '.+' has [\d,]+ kB left; the checkpoint of step 20 stays\.", process.Errors);
            }
            Assert.Contains("torchlm: training stopped at step 40, which is not saved: ", process.Errors, StringComparison.Ordinal);
            Assert.Contains("make room, then continue from step 20 with: torchlm train --resume", process.Errors, StringComparison.Ordinal);
        }
        Assert.Equal(20, run.LatestStep);
        Assert.Empty(Directory.EnumerateDirectories(run.Path, "*.tmp"));
        using (FaultProcess process = new(_folder.Path, null, "train", "--resume", run.Path, "--set", "training.onSaveFailure=stop"))
        {
            process.AssertEnds(1);
            Assert.Contains("Step 25 is not saved: ", process.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("Step 35 is not saved: ", process.Errors, StringComparison.Ordinal);
        }
        File.Delete(filler);
        Done("train", "--resume", run.Path);
        FaultScenario.AssertSameWeights(whole, run, 40, "a full disk");
    }

    [LinuxFact]
    public async Task A_folder_that_vanishes_and_comes_back_costs_nothing()
    {
        Done([.. s_train, "--out", "whole", "--set", "training.steps=150"]);
        var run = new RunFolder(_folder["run"]);
        using FaultProcess process = new(_folder.Path, null, [.. s_train, "--out", "run", "--set", "training.steps=150"]);
        Assert.True(await process.Until(() => File.Exists(_folder["run/latest.json"])), process.Errors);
        Directory.Move(run.Path, _folder["elsewhere"]);
        Assert.True(await process.Until(() => process.Errors.Contains("is not saved: ", StringComparison.Ordinal)), process.Errors);
        Directory.Move(_folder["elsewhere"], run.Path);
        process.AssertEnds(0);
        Assert.Matches($@"Step [\d,]+ is not saved: {Gone}(; the checkpoint of step [\d,]+ stays)?\.", process.Errors); // it may be back by then
        FaultScenario.AssertSameWeights(new RunFolder(_folder["whole"]), run, 150, "a folder that was gone");
    }

    [LinuxTheory]
    [InlineData("continue")]
    [InlineData("stop")]
    public async Task A_folder_that_is_deleted_is_said_and_not_made_anew(string choice)
    {
        var run = new RunFolder(_folder["run"]);
        using FaultProcess process = new(_folder.Path, null, [.. s_train, "--out", "run", "--set", "training.steps=300", "--set", $"training.onSaveFailure={choice}"]);
        Assert.True(await process.Until(() => File.Exists(_folder["run/latest.json"])), process.Errors);
        Directory.Move(run.Path, _folder["bin"]);
        Directory.Delete(_folder["bin"], recursive: true);
        process.AssertEnds(1);
        int failures = process.Errors.Split('\n').Count(line => line.StartsWith("Step ", StringComparison.Ordinal) && line.Contains(" is not saved: ", StringComparison.Ordinal));
        Assert.True(choice == "stop" ? failures == 1 : failures > 3, process.Errors);
        Assert.Matches($@"torchlm: training stopped at step [\d,]+, which is not saved: {Gone}; nothing can be continued while the folder is gone", process.Errors);
        Assert.False(Directory.Exists(run.Path));
    }

    /// <summary>Where no disk can be made small: files above a size are refused, as by a quota.</summary>
    [LinuxFact]
    public void A_file_that_may_not_grow_is_a_failed_save()
    {
        Done([.. s_train, "--out", "whole", "--set", "training.steps=20"]);
        Done([.. s_train, "--out", "run", "--set", "training.steps=20", "--max-steps", "10"]);
        string program = Path.Combine(AppContext.BaseDirectory, "torchlm.dll");
        using (Process shell = Process.Start(new ProcessStartInfo("bash", ["-c",
            $"trap '' XFSZ; ulimit -f 100; DOTNET_EnableWriteXorExecute=0 exec dotnet '{program}' train --resume run"])
        {
            WorkingDirectory = _folder.Path, RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["OMP_NUM_THREADS"] = "1" },
        })!)
        {
            Task<string> output = shell.StandardOutput.ReadToEndAsync();
            string errors = shell.StandardError.ReadToEnd();
            shell.WaitForExit();
            Assert.True(shell.ExitCode == 1, errors + output.Result);
            Assert.Contains("Step 15 is not saved: ", errors, StringComparison.Ordinal);
            Assert.Contains("the checkpoint of step 10 stays", errors, StringComparison.Ordinal);
        }
        Done("train", "--resume", "run");
        FaultScenario.AssertSameWeights(new RunFolder(_folder["whole"]), new RunFolder(_folder["run"]), 20, "a limit on files");
    }

    private static long DataSize(RunFolder run) =>
        Directory.EnumerateFiles(run.Path).Concat(Directory.EnumerateFiles(run.DataPath, "*", SearchOption.AllDirectories)).Sum(f => new FileInfo(f).Length + 8192);

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create);
        byte[] block = new byte[4096];
        try
        {
            while (new DriveInfo(path).AvailableFreeSpace > 100_000) file.Write(block);
        }
        catch (IOException)
        {
            // full
        }
    }

    private static void Sudo(params string[] command)
    {
        using Process process = Process.Start(command[0], command[1..]);
        process.WaitForExit();
    }

    private void Mount(string size)
    {
        _mounted = _folder["small"];
        Directory.CreateDirectory(_mounted);
        Sudo("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", _mounted);
    }

    private void Done(params string[] arguments)
    {
        using FaultProcess process = new(_folder.Path, null, arguments);
        process.AssertEnds(0);
    }
}
