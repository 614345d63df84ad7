using System.Diagnostics;

namespace TorchLm.Tests.Train;

/// <summary>Signals that ask the program to end.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Ctrl_C_a_closed_terminal_and_a_launcher_s_warning_save_the_run()
    {
        foreach (string signal in (string[])["INT", "HUP", "USR1"])
        {
            using Process process = Start("train", "--preset", "gpt2-tiny", "--precision", "fp32", "--out", signal, "--set", "training.steps=100000");
            await Until(process, () => process.HasExited || (File.Exists(_folder[$"{signal}/metrics.jsonl"]) && new FileInfo(_folder[$"{signal}/metrics.jsonl"]).Length > 200));
            Send(signal, process);
            (int code, string errors) = await End(process);
            Assert.Equal(130, code);
            Assert.Contains($"Continue with: torchlm train --resume {signal}", errors, StringComparison.Ordinal);
            Assert.False(File.Exists(_folder[$"{signal}/run.lock"]));
        }
    }

    [LinuxFact]
    public async Task A_second_Ctrl_C_ends_at_once()
    {
        // Waiting for standard input, which nothing comes from, it cannot end at the first.
        using Process process = Start("prepare", "-", "--out", "set");
        await Until(process, () => process.HasExited || File.Exists(_folder["set/.prepare/lock"]));
        Send("INT", process);
        await Task.Delay(500);
        Assert.False(process.HasExited);
        Send("INT", process);
        (int code, string errors) = await End(process);
        Assert.Equal(130, code);
        Assert.Contains("Interrupted twice: ended at once, without saving.", errors, StringComparison.Ordinal);
    }

    // A shell's background jobs, and so their children, ignore these signals unless told otherwise.
    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("env",
        ["--default-signal=INT,HUP,USR1", "dotnet", Path.Combine(AppContext.BaseDirectory, "torchlm.dll"), .. arguments])
    {
        WorkingDirectory = _folder.Path, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["OMP_NUM_THREADS"] = "1" },
    })!;

    private static async Task Until(Process process, Func<bool> isSo)
    {
        var watch = Stopwatch.StartNew();
        while (!isSo() && watch.Elapsed < TimeSpan.FromMinutes(2)) await Task.Delay(50);
        Assert.False(process.HasExited);
    }

    private static async Task<(int Code, string Errors)> End(Process process)
    {
        try
        {
            string errors = await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            return (process.ExitCode, errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true); // nothing where it has ended
        }
    }

    private static void Send(string signal, Process process)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
