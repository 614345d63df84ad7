using System.Diagnostics;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Core.Checkpoints;

/// <summary>How a save ended.</summary>
/// <param name="Step">The step.</param>
/// <param name="Path">The checkpoint's folder; null where it could not be written.</param>
/// <param name="Failure">Why not.</param>
/// <param name="NotPruned">Why older checkpoints could not be deleted; null where they could.</param>
/// <param name="Time">How long it took.</param>
internal sealed record SaveResult(long Step, string? Path, string? Failure, string? NotPruned, TimeSpan Time);

/// <summary>
/// Saves a run's checkpoints on a thread of its own, from a copy, while training goes on. One at a time: a save waits for the one before.
/// </summary>
internal sealed class CheckpointSaver : IDisposable
{
    private readonly RunFolder _run;
    private readonly CheckpointContent _live;
    private readonly int _keep;
    private readonly CheckpointSnapshot _snapshot = new();
    private Task<SaveResult>? _writing;
    private bool _hadConfig, _folderIsSafe; // touched by one save at a time

    /// <summary>Prepares saves of a model and its optimiser, which the caller keeps.</summary>
    /// <param name="run">The run's folder, which is made if it is missing, now and never again: one that vanishes later is not silently made anew.</param>
    /// <param name="model">The weights.</param>
    /// <param name="optimizer">The moments.</param>
    /// <param name="keep">How many of the last checkpoints stay.</param>
    public CheckpointSaver(RunFolder run, Gpt model, Optimizer optimizer, int keep)
    {
        (_run, _keep) = (run, keep);
        _live = CheckpointContent.Of(model, optimizer);
        Directory.CreateDirectory(run.Path);
    }

    /// <summary>Makes the disk slow, for tests.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>Begins a save of the present values. None may be under way: take its result with <see cref="Finish"/> first.</summary>
    public void Begin(TrainingState state, bool isBest)
    {
        if (_writing is not null) throw new InvalidOperationException("A save is under way.");
        CheckpointContent content;
        try
        {
            content = _snapshot.Take(_live);
        }
        catch (Exception e) when (MemoryExhaustion.Caused(e) && !_live.IsShared)
        {
            _snapshot.Dispose();
            _writing = Task.FromResult(Write(_live, state, isBest)); // no room for a copy: training waits
            return;
        }
        _writing = Task.Factory.StartNew(() => Write(content, state, isBest), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The result of a save that has ended since it was asked for last, or null.</summary>
    public SaveResult? TakeFinished() => _writing is { IsCompleted: true } ? Finish() : null;

    /// <summary>Waits for the save that is under way, if there is one.</summary>
    public SaveResult? Finish()
    {
        Task<SaveResult>? writing = _writing;
        _writing = null;
        return writing?.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_writing is not null) Task.WaitAny(_writing); // how it ended was of no interest to whoever is leaving
        _snapshot.Dispose();
    }

    private SaveResult Write(CheckpointContent content, TrainingState state, bool isBest)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            if (IsGone()) return new SaveResult(state.Step, null, Gone, null, Stopwatch.GetElapsedTime(start));
            _hadConfig |= _run.Exists;
            DurableFile.Flush(_run.MetricsPath); // a checkpoint's lines of metrics are as safe as itself
            if (!_folderIsSafe && Path.GetDirectoryName(_run.Path) is { } parent) FolderSync.Flush(parent); // the run's folder itself
            _folderIsSafe = true;
            string path = Checkpoint.Save(_run, content, state, isBest, Pause);
            return new SaveResult(state.Step, path, null, Prune(), Stopwatch.GetElapsedTime(start));
        }
        catch (Exception e) when (DurableFile.IsRefusal(e) || MemoryExhaustion.Caused(e))
        {
            return new SaveResult(state.Step, null, IsGone() ? Gone : e.Message.TrimEnd('.'), null, Stopwatch.GetElapsedTime(start));
        }
    }

    private string Gone => $"the run's folder '{_run.Path}' is gone";

    /// <summary>Whether the folder, or the disk that it was on, has vanished: an empty mount point is not the run's folder.</summary>
    private bool IsGone() => !Directory.Exists(_run.Path) || (_hadConfig && !_run.Exists);

    private string? Prune()
    {
        try
        {
            _run.Prune(_keep);
            return null;
        }
        catch (Exception e) when (DurableFile.IsRefusal(e) || e is InputException)
        {
            return e.Message.TrimEnd('.');
        }
    }
}
