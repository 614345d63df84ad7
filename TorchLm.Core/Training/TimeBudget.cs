namespace TorchLm.Core.Training;

/// <summary>
/// The time that a run may take, spent so that the last save is made within it: another step is allowed only where it, what follows it and a save would
/// be done before the time is over, as far as the steps, evaluations and saves until now can tell.
/// </summary>
/// <remarks>What has not been measured yet counts as no time, apart from the save, for which there is an estimate: losing the run is the one thing to avoid.</remarks>
public sealed class TimeBudget
{
    /// <summary>A step's time is the longest of this many: some steps wait for the device and others do not.</summary>
    private const int RecentSteps = 64;

    /// <summary>Bytes a second of a slow disk, with checksums: a cautious guess until a save has been measured.</summary>
    private const double SlowDisk = 100e6;

    private readonly TimeSpan? _limit;
    private readonly TimeProvider _clock;
    private readonly long _started;
    private readonly Queue<TimeSpan> _steps = new(RecentSteps);
    private TimeSpan _evaluation, _save;
    private TimeSpan? _saveBegan; // where one is being written now
    private bool _saved;

    /// <summary>Begins to watch the time.</summary>
    /// <param name="limit">All the time there is; null is no limit.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="startedTimestamp">The clock's timestamp from which the limit counts, which may be before this call.</param>
    public TimeBudget(TimeSpan? limit, TimeProvider clock, long startedTimestamp) => (_limit, _clock, _started) = (limit, clock, startedTimestamp);

    /// <summary>What a save is thought to take until one was made; see <see cref="EstimateSave"/>.</summary>
    public TimeSpan InitialSaveEstimate { get; init; }

    /// <summary>Time that must be left after the save, for what the caller does then.</summary>
    public TimeSpan Reserve { get; init; }

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => _clock.GetElapsedTime(_started);

    /// <summary>A limit for a whole process, counted from the process's start: what was done before training is part of it, as it is for a batch system.</summary>
    /// <param name="limit">All the time there is; null is no limit.</param>
    /// <param name="processStart">When the process began, in UTC.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="parameters">Numbers in the model, from which the first save is estimated.</param>
    public static TimeBudget SinceProcessStart(TimeSpan? limit, DateTime processStart, TimeProvider clock, long parameters)
    {
        double seconds = Math.Max(0, (clock.GetUtcNow().UtcDateTime - processStart).TotalSeconds);
        long started = clock.GetTimestamp() - (long)(seconds * clock.TimestampFrequency);
        return new TimeBudget(limit, clock, started) { InitialSaveEstimate = EstimateSave(parameters), Reserve = TimeSpan.FromSeconds(0.5) };
    }

    /// <summary>What saving weights and two moments in float32 takes on a slow disk.</summary>
    public static TimeSpan EstimateSave(long parameters) => TimeSpan.FromSeconds(0.2 + 3.0 * sizeof(float) * parameters / SlowDisk);

    /// <summary>Whether another step can be made, and what is made afterwards saved, before the time is over.</summary>
    /// <param name="evaluates">Whether the step is followed by an evaluation.</param>
    public bool AllowsAnotherStep(bool evaluates)
    {
        if (_limit is not { } limit) return true;
        TimeSpan step = _steps.Count == 0 ? TimeSpan.Zero : _steps.Max(), evaluation = evaluates ? _evaluation : TimeSpan.Zero;
        TimeSpan save = _saved ? _save : InitialSaveEstimate;
        TimeSpan elapsed = Elapsed;
        if (_saveBegan is { } began && elapsed - began < save) save += save - (elapsed - began); // the last save waits for the one under way
        return elapsed < limit && elapsed + step + evaluation + save + Reserve <= limit;
    }

    /// <summary>A step was made.</summary>
    public void StepTook(TimeSpan time)
    {
        if (_steps.Count == RecentSteps) _steps.Dequeue();
        _steps.Enqueue(time);
    }

    /// <summary>An evaluation was made.</summary>
    public void EvaluationTook(TimeSpan time) => _evaluation = time > _evaluation ? time : _evaluation;

    /// <summary>A save has begun, beside which training goes on.</summary>
    public void SaveBegan() => _saveBegan = Elapsed;

    /// <summary>A save has ended.</summary>
    public void SaveTook(TimeSpan time)
    {
        _saveBegan = null;
        _save = time > _save ? time : _save;
        _saved = true;
    }
}
