namespace TorchLm.Train.Sweeps;

/// <summary>A part of a sweep: some candidates train up to a step.</summary>
/// <param name="Candidates">How many.</param>
/// <param name="Steps">Up to which step; null is the whole run.</param>
internal sealed record SweepRung(int Candidates, long? Steps);

/// <summary>
/// Successive halving (Jamieson and Talwalkar 2016): each part trains half as many candidates twice as long, the last one to the end.
/// </summary>
internal static class SweepRungs
{
    /// <summary>The parts of a sweep.</summary>
    /// <param name="candidates">How many there are.</param>
    /// <param name="steps">The length of a whole run.</param>
    /// <param name="evalInterval">Steps between evaluations: candidates are compared where they are evaluated anyway.</param>
    /// <param name="halving">Whether there is more than one part.</param>
    public static IReadOnlyList<SweepRung> Of(int candidates, long steps, long evalInterval, bool halving)
    {
        var rungs = new List<SweepRung>();
        int halvings = halving ? (int)Math.Ceiling(Math.Log2(candidates)) : 0;
        for (int i = 0; i < halvings; i++)
        {
            double share = steps / Math.Pow(2, halvings - i);
            long end = Math.Max(1, (long)Math.Ceiling(share / evalInterval)) * evalInterval;
            // Where two parts end at the same evaluation, all candidates of the first go that far, and the next cut is the deeper one.
            if (end < steps && rungs.LastOrDefault()?.Steps != end) rungs.Add(new SweepRung(Survivors(candidates, i), end));
        }
        rungs.Add(new SweepRung(rungs.Count == 0 ? candidates : Survivors(candidates, halvings), null));
        return rungs;
    }

    private static int Survivors(int candidates, int halvings)
    {
        for (; halvings > 0; halvings--) candidates = (candidates + 1) / 2;
        return candidates;
    }
}
