using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Train.Sweeps;

/// <summary>Makes a trial, somehow.</summary>
internal interface ITrialRunner
{
    /// <summary>Trains a trial up to a step, from the beginning or from where it is.</summary>
    /// <returns>Why it failed, in a sentence; null where it did not.</returns>
    /// <exception cref="OperationCanceledException">It was stopped, after saving.</exception>
    string? Run(SweepTrial trial, long? steps, string device, CancellationToken cancel);
}

/// <summary>Makes trials by processes of this program, <c>torchlm train</c>, so that each is an ordinary run in a folder of its own.</summary>
/// <param name="plan">The sweep.</param>
/// <param name="folder">The sweep's folder.</param>
/// <param name="options">Further options of torchlm train.</param>
internal sealed partial class TrialProcess(SweepPlan plan, string folder, IReadOnlyList<string> options) : ITrialRunner
{
    /// <summary>The configuration in the sweep's folder that trials begin with.</summary>
    public const string ConfigName = "trial-config.json";

    private const int TerminationSignal = 15;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    public string? Run(SweepTrial trial, long? steps, string device, CancellationToken cancel)
    {
        var run = new RunFolder(Path.Combine(folder, trial.Name));
        WaitForEarlierProcess(run, cancel);
        if (IsDone(run, trial, steps)) return null;
        List<string> arguments = ["train", .. Begin(run, trial), "--device", device, "--trial", .. options];
        if (steps is { } end) arguments.AddRange(["--max-steps", $"{end}"]);
        string logFolder = Path.Combine(folder, "logs");
        Directory.CreateDirectory(logFolder);
        using var log = new StreamWriter(Path.Combine(logFolder, $"{trial.Name}.log"), append: true) { AutoFlush = true };
        log.WriteLine($"$ torchlm {string.Join(' ', arguments)}");
        return Follow(arguments, log, cancel);
    }

    /// <summary>How the process starts or continues the run.</summary>
    private IEnumerable<string> Begin(RunFolder run, SweepTrial trial)
    {
        if (run.Exists && run.Steps().Count > 0) return ["--resume", run.Path];
        IEnumerable<string> settings = plan.Settings(trial.Candidate).SelectMany(setting => new[] { "--set", setting });
        IEnumerable<string> replaced = run.Exists ? ["--overwrite"] : []; // it was killed before it had saved anything
        return ["--config", Path.Combine(folder, ConfigName), "--out", run.Path, "--seed", $"{trial.Seed}", .. settings, .. replaced];
    }

    /// <summary>Whether an earlier process came to the end, though nobody noted it.</summary>
    private static bool IsDone(RunFolder run, SweepTrial trial, long? steps)
    {
        if (!run.Exists || run.Steps() is not [.., long last]) return false;
        long end = Math.Min(steps ?? long.MaxValue, run.ReadConfig().Training.Steps);
        return last >= end && run.LatestStep >= end && !Checkpoint.ReadState(run.StepPath(last)).EvaluationDue;
    }

    /// <summary>A sweep that was killed may have left a process that still trains.</summary>
    private static void WaitForEarlierProcess(RunFolder run, CancellationToken cancel)
    {
        for (bool said = false; run.Exists; said = true)
        {
            using RunLock? hold = RunLock.TryTake(run);
            if (hold is not null) return;
            if (!said) Console.Error.WriteLine($"{Path.GetFileName(run.Path)} is still trained by a process of an earlier call: waiting for it.");
            cancel.WaitHandle.WaitOne(s_pause);
            cancel.ThrowIfCancellationRequested();
        }
    }

    private static string? Follow(List<string> arguments, StreamWriter log, CancellationToken cancel)
    {
        string? failure = null;
        using Process process = OwnProgram.Start(arguments, readErrors: true);
        void Note(string? line)
        {
            if (line is null) return;
            lock (log) log.WriteLine(line);
            bool isFailure = line.StartsWith("torchlm: ", StringComparison.Ordinal) && !line.StartsWith("torchlm: warning", StringComparison.Ordinal);
            if (isFailure) failure = line["torchlm: ".Length..];
        }
        process.OutputDataReceived += (_, e) => Note(e.Data);
        process.ErrorDataReceived += (_, e) => Note(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using (cancel.Register(() => Stop(process))) process.WaitForExit();
        cancel.ThrowIfCancellationRequested();
        return process.ExitCode switch
        {
            ExitCode.Done => null,
            ExitCode.Interrupted => throw new OperationCanceledException(), // Ctrl-C reached it first
            int code => failure?.Split("; ")[0] ?? $"the process ended with code {code}", // what could be done about a single run is no advice here
        };
    }

    /// <summary>Asks it to save and end. A Ctrl-C at a terminal reaches it by itself, and on Windows there is no other way.</summary>
    private static void Stop(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited) _ = Kill(process.Id, TerminationSignal);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
