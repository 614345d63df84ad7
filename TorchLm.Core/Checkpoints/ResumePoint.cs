using TorchLm.Core.Training;

namespace TorchLm.Core.Checkpoints;

/// <summary>Finds the checkpoint that a run continues from, whatever a crash or a failing disk has left of the latest ones.</summary>
public static class ResumePoint
{
    /// <summary>
    /// The newest checkpoint up to the latest whose files are all as they were written. One that is not is named and set aside as
    /// <c>step-NNNNNNNN.damaged</c>; afterwards latest.json and best.json name checkpoints that are there. The caller holds the run's lock.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="report">Told, in one sentence each, what was found damaged.</param>
    /// <returns>Its step, or null where the run has no checkpoint that can be used.</returns>
    public static long? Find(RunFolder run, Action<string> report)
    {
        run.UndoReplacement();
        long? latest = ReadPointer(() => run.LatestStep, report);
        if (latest is null && run.Steps().Count > 0) report($"Which checkpoint of '{run.Path}' is the latest is not written down: the newest is taken.");
        long? found = null;
        foreach (long step in run.Steps().Where(s => s <= (latest ?? long.MaxValue)).Reverse())
        {
            if (!Checkpoint.CanResume(run.StepPath(step)) && step == 0) return 0; // an imported model: the caller says what can be done with it
            try
            {
                Checkpoint.Verify(run.StepPath(step));
                found = step;
                break;
            }
            catch (InputException e)
            {
                string aside = run.SetAside(step, "damaged");
                report($"{e.Message.Split("; use another checkpoint")[0].TrimEnd('.')}; set aside as '{Path.GetFileName(aside)}'.");
            }
        }
        if (found is not { } last) return null;
        if (latest is { } expected && expected > last && !Directory.Exists(run.StepPath(expected)) && !WasSetAside(run, expected))
        {
            report($"The latest checkpoint, '{run.StepPath(expected)}', is gone.");
        }
        if (latest != last) run.WriteLatest(last);
        _ = ReadPointer(() => run.BestStep, report); // says so where it is damaged
        RestoreBest(run, Checkpoint.ReadState(run.StepPath(last)));
        return last;
    }

    /// <summary>
    /// The newest sound checkpoint up to a step after whose update all was well, else the newest sound one: updates that are left out change nothing. Null
    /// where there is none.
    /// </summary>
    internal static long? LastGood(RunFolder run, long limit)
    {
        long? sound = null;
        foreach (long step in run.Steps().Where(s => s <= limit && Checkpoint.CanResume(run.StepPath(s))).Reverse())
        {
            try
            {
                Checkpoint.Verify(run.StepPath(step));
                if (Checkpoint.ReadState(run.StepPath(step)).SkippedInARow == 0) return step;
                sound ??= step;
            }
            catch (InputException)
            {
                // Damaged: an older one will do. A resume names it and sets it aside.
            }
        }
        return sound;
    }

    /// <summary>Lets best.json name what a state says is the best, or nothing: version 1 of it does not say, and the pointer then stays where it names one.</summary>
    internal static void RestoreBest(RunFolder run, TrainingState state)
    {
        long? named = ReadPointer(() => run.BestStep, _ => { });
        long? best = state.FormatVersion == 1 && named <= state.Step ? named : state.BestStep;
        if (best is { } step && !Directory.Exists(run.StepPath(step))) best = null;
        if (best == named && best is not null) return;
        if (best is null) run.DeleteBest();
        else run.WriteBest(best.Value);
    }

    private static bool WasSetAside(RunFolder run, long step) => Directory.EnumerateDirectories(run.Path, Path.GetFileName(run.StepPath(step)) + ".damaged*").Any();

    private static long? ReadPointer(Func<long?> read, Action<string> report)
    {
        try
        {
            return read();
        }
        catch (InputException e)
        {
            report(e.Message.Split(';')[0] + '.');
            return null;
        }
    }
}
