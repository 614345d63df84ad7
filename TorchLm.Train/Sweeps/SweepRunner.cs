using System.Collections.Concurrent;
using System.Diagnostics;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Sweeps;

/// <summary>How a candidate did.</summary>
/// <param name="Candidate">Which.</param>
/// <param name="Losses">The best validation loss of each of its trials, null where one failed.</param>
/// <param name="Failures">Why trials failed.</param>
/// <param name="Steps">Up to which step it was trained; null is the whole run.</param>
internal sealed record CandidateResult(SweepCandidate Candidate, IReadOnlyList<double?> Losses, IReadOnlyList<string> Failures, long? Steps)
{
    /// <summary>The mean over the seeds that did not fail; null where all did.</summary>
    public double? Mean => Losses.OfType<double>().ToArray() is { Length: > 0 } some ? some.Average() : null;

    /// <summary>The standard deviation over the seeds (of a sample); null where there are fewer than two.</summary>
    public double? Deviation => Losses.OfType<double>().ToArray() is { Length: > 1 } some
        ? Math.Sqrt(some.Sum(loss => (loss - some.Average()) * (loss - some.Average())) / (some.Length - 1)) : null;
}

/// <summary>Makes a sweep's trials, several at once where there are several devices, and gives the worse half up where that was asked for.</summary>
/// <param name="plan">What the sweep is.</param>
/// <param name="devices">One trial at a time on each.</param>
/// <param name="runner">Makes a trial.</param>
/// <param name="records">What has come to an end already.</param>
/// <param name="progress">Reads what a trial has reached.</param>
/// <param name="say">Told in lines what happens.</param>
internal sealed class SweepRunner(
    SweepPlan plan, IReadOnlyList<string> devices, ITrialRunner runner, TrialRecords records, Func<SweepTrial, TrialProgress> progress,
    Action<string> say)
{
    private readonly long _steps = plan.BaseConfig().Training.Steps, _evalInterval = plan.BaseConfig().Training.EvalInterval;
    private double _secondsPerStep;
    private int _made, _timed;

    /// <summary>Makes all trials.</summary>
    /// <returns>The candidates, the best first: those that were trained longer before others, failed ones last.</returns>
    /// <exception cref="OperationCanceledException">It was stopped; what was begun is saved.</exception>
    public IReadOnlyList<CandidateResult> Run(CancellationToken cancel)
    {
        IReadOnlyList<SweepCandidate> candidates = plan.Candidates();
        IReadOnlyList<SweepRung> rungs = SweepRungs.Of(candidates.Count, _steps, _evalInterval, plan.Halving);
        var results = new List<CandidateResult>();
        for (int i = 0; i < rungs.Count; i++)
        {
            if (rungs.Count > 1) say($"Part {i + 1} of {rungs.Count}: {DatasetReport.Count(candidates.Count, "candidate")} up to " +
                $"step {rungs[i].Steps ?? _steps:N0}.");
            MakeTrials(candidates, rungs, i, cancel);
            long? steps = rungs[i].Steps;
            CandidateResult[] ranked = [.. candidates.Select(candidate => Judge(candidate, steps)).OrderBy(r => r.Failures.Count > 0)
                .ThenBy(r => r.Mean ?? double.MaxValue)];
            // A candidate that fails with one seed is not gone on with.
            int kept = i + 1 < rungs.Count ? Math.Min(rungs[i + 1].Candidates, ranked.Count(r => r.Failures.Count == 0)) : ranked.Length;
            results.InsertRange(0, ranked[(i + 1 < rungs.Count ? kept : 0)..]);
            if (kept == 0) break;
            candidates = [.. ranked[..kept].Select(r => r.Candidate)];
        }
        return [.. results.OrderBy(r => r.Failures.Count > 0)];
    }

    private void MakeTrials(IReadOnlyList<SweepCandidate> candidates, IReadOnlyList<SweepRung> rungs, int part, CancellationToken cancel)
    {
        long? steps = rungs[part].Steps;
        SweepTrial[] all = [.. candidates.SelectMany(plan.Trials)], open = [.. all.Where(trial => records.Of(trial.Name, steps) is null)];
        if (open.Length < all.Length) say($"{all.Length - open.Length} of {all.Length} trials are done already.");
        _made = all.Length - open.Length;
        var queue = new ConcurrentQueue<SweepTrial>(open);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] workers = [.. devices.Select(device =>
            Task.Factory.StartNew(() => Work(device), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WhenAll(workers).GetAwaiter().GetResult();
        cancel.ThrowIfCancellationRequested();

        void Work(string device)
        {
            try
            {
                while (!stop.IsCancellationRequested && queue.TryDequeue(out SweepTrial? trial))
                {
                    Make(trial, device, all.Length, () => Left(rungs, part, all.Length), steps, stop.Token);
                }
            }
            catch
            {
                stop.Cancel(); // what the others make is saved
                throw;
            }
        }
    }

    private void Make(SweepTrial trial, string device, int count, Func<TimeSpan> left, long? steps, CancellationToken cancel)
    {
        long before = Reached(trial), start = Stopwatch.GetTimestamp();
        string? failure = runner.Run(trial, steps, device, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        TrialProgress reached = progress(trial);
        failure ??= reached.BestLoss is null ? "it ended without a validation loss" : null;
        records.Add(new TrialRecord(trial.Name, steps, failure, Math.Round(seconds, 1)));
        lock (records)
        {
            _made++;
            if (failure is null)
            {
                _secondsPerStep += (seconds / Math.Max(1, (steps ?? _steps) - before) - _secondsPerStep) / ++_timed;
            }
            string result = failure is null ? $"loss {reached.BestLoss:0.0000}" : $"failed: {failure.TrimEnd('.')}";
            TimeSpan rest = _timed > 0 ? left() : TimeSpan.Zero;
            string number = $"{_made}".PadLeft($"{count}".Length), time = rest > TimeSpan.Zero
                ? $"  ({TimeText.Of(rest.TotalSeconds)} left)" : "";
            say($"[{number}/{count}] {trial.Name}  {Describe(trial.Candidate)}  {result}{time}");
        }
    }

    private long Reached(SweepTrial trial) => records.All(trial.Name) is [.., { Steps: { } steps }] ? steps : 0;

    /// <summary>How long the rest takes at the speed so far.</summary>
    private TimeSpan Left(IReadOnlyList<SweepRung> rungs, int part, int trials)
    {
        long Length(int i) => (rungs[i].Steps ?? _steps) - (i == 0 ? 0 : rungs[i - 1].Steps ?? _steps);
        double steps = (trials - _made) * (double)Length(part);
        for (int i = part + 1; i < rungs.Count; i++) steps += (double)rungs[i].Candidates * plan.Seeds * Length(i);
        return TimeSpan.FromSeconds(steps * _secondsPerStep / devices.Count);
    }

    private CandidateResult Judge(SweepCandidate candidate, long? steps)
    {
        SweepTrial[] trials = [.. plan.Trials(candidate)];
        string?[] failures = [.. trials.Select(trial => records.Of(trial.Name, steps)?.Failure)];
        double?[] losses = [.. trials.Select((trial, i) => failures[i] is null ? progress(trial).BestLoss : null)];
        return new CandidateResult(candidate, losses, [.. failures.OfType<string>()], steps);
    }

    private string Describe(SweepCandidate candidate) =>
        string.Join(", ", plan.Parameters().Select((parameter, i) => $"{parameter.Name.Split('.')[1]} {candidate.Values[i]}"));
}
