namespace TorchLm.Lessons.Pages;

/// <summary>Says what was checked, and by how much it deviated.</summary>
public static class CheckReport
{
    /// <summary>One sentence about the numbers of a lesson.</summary>
    public static string Sentence(IReadOnlyList<Check> checks)
    {
        Check[] failed = [.. checks.Where(c => !c.Passed)];
        if (failed.Length > 0)
        {
            return $"{failed.Length} of {checks.Count} numbers are not what they should be: {string.Join("; ", failed.Take(5).Select(Failure))}.";
        }
        string all = $"{checks.Count} numbers checked, all of them right";
        Check? nearest = checks.Where(c => c.Relation == Relation.Equal && c.Tolerance > 0).MaxBy(c => c.Deviation / c.Tolerance);
        return nearest is null ? all + "." : $"{all}; of those that should be equal, the one nearest to its limit ({nearest.What}) is off by {Number(nearest.Deviation)} of {Number(nearest.Tolerance)}.";
    }

    /// <summary>A table with a row for each kind of number of each lesson.</summary>
    public static IEnumerable<string[]> Rows(IEnumerable<LessonResult> results) =>
        from result in results
        from kind in result.Checks.GroupBy(c => (c.What, c.Against, c.Relation))
        let worst = kind.OrderByDescending(c => (!c.Passed, Excess(c))).First()
        select new[]
        {
            result.Lesson.Name, kind.Key.What, kind.Count().ToString(), kind.Key.Against,
            kind.Key.Relation == Relation.Equal ? Number(worst.Deviation) : Shown(worst.Value),
            kind.Key.Relation switch { Relation.AtMost => $"at most {Shown(worst.Other)}", Relation.AtLeast => $"at least {Shown(worst.Other)}",
                _ => Number(worst.Tolerance) },
            worst.Passed ? "" : "WRONG",
        };

    /// <summary>The headings of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Headings { get; } = ["lesson", "what", "numbers", "against", "deviation or value", "allowed", ""];

    /// <summary>A deviation, as short as it can be.</summary>
    public static string Number(double value) => value == 0 ? "0" : value.ToString("0.0e+0");

    private static double Excess(Check check) => check.Relation switch
    {
        Relation.AtMost => check.Value - check.Other,
        Relation.AtLeast => check.Other - check.Value,
        _ => check.Deviation,
    };

    private static string Failure(Check check) =>
        $"{check.What} is {check.Value:g10}, but should be {check.Relation switch { Relation.AtMost => "at most ", Relation.AtLeast => "at least ", _ => "" }}{check.Other:g10} ({check.Against})";

    private static string Shown(double value) => value.ToString("g4");
}
