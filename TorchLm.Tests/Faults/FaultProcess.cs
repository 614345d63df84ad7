using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>The real program as a child process that something happens to.</summary>
internal sealed partial class FaultProcess : IDisposable
{
    /// <summary>After which a process counts as stuck: the long version makes whole runs, two at a time.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(SoakSetting.IsLong ? 30 : 4);

    private readonly Process _process;
    private readonly StringBuilder _errors = new(), _output = new();
    private readonly string _command;

    /// <summary>Starts the program.</summary>
    /// <param name="folder">Its working directory.</param>
    /// <param name="faults">What goes wrong in it on purpose; null is nothing.</param>
    /// <param name="arguments">The command line.</param>
    public FaultProcess(string folder, string? faults, params string[] arguments)
    {
        _command = string.Join(' ', arguments);
        // A shell's background jobs, and so their children, ignore these signals unless told otherwise.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,HUP", "dotnet", Path.Combine(AppContext.BaseDirectory, "torchlm.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1", [InjectedFaults.Variable] = faults ?? "" },
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors => Read(_errors);

    /// <summary>What it has written to standard output so far.</summary>
    public string Output => Read(_output);

    public bool HasExited => _process.HasExited;

    /// <summary>The step that a resumed run continued at; null while it has not said so.</summary>
    public long? ContinuedAt => Continuing().Match(Errors) is { Success: true } match
        ? long.Parse(match.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : null;

    /// <summary>Waits until something is so, or the process has ended.</summary>
    /// <returns>Whether it is still running.</returns>
    public async Task<bool> Until(Func<bool> isSo)
    {
        var watch = Stopwatch.StartNew();
        while (!_process.HasExited && !isSo())
        {
            if (watch.Elapsed > s_patience) throw new TimeoutException($"torchlm {_command} did not get there:\n{Errors}");
            await Task.Delay(3);
        }
        return !_process.HasExited;
    }

    /// <summary>Ends it as a power cut does.</summary>
    public void Kill()
    {
        _process.Kill(); // `env` has become the program: SIGKILL
        _process.WaitForExit();
    }

    /// <summary>Sends a signal.</summary>
    public void Send(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public int End()
    {
        if (!_process.WaitForExit(s_patience)) throw new TimeoutException($"torchlm {_command} did not end:\n{Errors}");
        _process.WaitForExit(); // until its last line has been read
        return _process.ExitCode;
    }

    /// <summary>Waits until it has ended, which must be with this exit code and without a trace.</summary>
    public void AssertEnds(int code)
    {
        int actual = End();
        Assert.True(code == actual && !Errors.Contains("   at ", StringComparison.Ordinal), $"torchlm {_command} exited with {actual}, not {code}:\n{Errors}");
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true); // nothing where it has ended
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text) text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    [GeneratedRegex(@"Continuing at step ([\d,]+)")]
    private static partial Regex Continuing();
}
