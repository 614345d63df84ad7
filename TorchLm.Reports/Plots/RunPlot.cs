namespace TorchLm.Reports.Plots;

/// <summary>How a curve is drawn.</summary>
public enum CurveStyle
{
    /// <summary>A line through points that lie close.</summary>
    Line,

    /// <summary>A line that jumps about, whose smoothed form is drawn over it.</summary>
    Raw,

    /// <summary>Few points, joined.</summary>
    Points,

    /// <summary>A level: one value everywhere.</summary>
    Level,
}

/// <summary>A curve.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Run">The number of its run, which decides its colour.</param>
/// <param name="Style">How it is drawn.</param>
/// <param name="Steps">Where its points are, in steps; empty for a level.</param>
/// <param name="Tokens">The same in tokens.</param>
/// <param name="Seconds">The same in seconds of training.</param>
/// <param name="Values">The values; one for a level. What was not finite is null.</param>
public sealed record Curve(string Name, int Run, CurveStyle Style, IReadOnlyList<double> Steps, IReadOnlyList<double> Tokens, IReadOnlyList<double> Seconds, IReadOnlyList<double?> Values);

/// <summary>A plot of one or several runs.</summary>
/// <param name="Id">A name for files and links.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Unit">What values are in.</param>
/// <param name="Logarithmic">Whether values are seen best on a logarithmic axis.</param>
/// <param name="Curves">The curves.</param>
public sealed record RunPlot(string Id, string Title, string Unit, bool Logarithmic, IReadOnlyList<Curve> Curves);
