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
                string aside = run.SetAside(step);
                report($"{e.Message.Split("; use another checkpoint")[0].TrimEnd('.')}; set aside as '{Path.GetFileName(aside)}'.");
            }
        }
        if (found is not { } last) return null;
        if (latest is { } expected && expected > last && !Directory.Exists(run.StepPath(expected)) && !WasSetAside(run, expected))
        {
            report($"The latest checkpoint, '{run.StepPath(expected)}', is gone.");
        }
        if (latest != last) run.WriteLatest(last);
        RestoreBest(run, last, report);
        return last;
    }

    /// <summary>The newest sound checkpoint up to a step after whose update all was well, or null.</summary>
    internal static long? LastGood(RunFolder run, long limit)
    {
        foreach (long step in run.Steps().Where(s => s <= limit && Checkpoint.CanResume(run.StepPath(s))).Reverse())
        {
            try
            {
                if (Checkpoint.ReadState(run.StepPath(step)).SkippedInARow > 0) continue;
                Checkpoint.Verify(run.StepPath(step));
                return step;
            }
            catch (InputException)
            {
                // Damaged: an older one will do. A resume names it and sets it aside.
            }
        }
        return null;
    }

    /// <summary>
    /// A checkpoint that was the best when it was saved says so in its state, and stays as long as none is better: among those that remember the lowest
    /// loss it is the first.
    /// </summary>
    private static void RestoreBest(RunFolder run, long last, Action<string> report)
    {
        if (ReadPointer(() => run.BestStep, report) is { } named && Directory.Exists(run.StepPath(named))) return;
        if (Checkpoint.ReadState(run.StepPath(last)).BestLoss is { } loss)
        {
            foreach (long step in run.Steps().Where(s => s <= last))
            {
                if (TryReadState(run.StepPath(step)) is not { EvaluationsSinceBest: 0 } state || state.BestLoss != loss) continue;
                run.WriteBest(step);
                return;
            }
        }
        run.DeleteBest();
    }

    private static Training.TrainingState? TryReadState(string folder)
    {
        try
        {
            return Checkpoint.ReadState(folder);
        }
        catch (InputException)
        {
            return null; // a damaged one is no candidate; it is named when it is read for itself
        }
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
