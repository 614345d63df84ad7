namespace TorchLm.Train.Reporting;

/// <summary>A curve in one line of text.</summary>
internal static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█", Plain = "_.-=^";

    /// <summary>Draws a curve of points from left to right; a column without a point repeats the one before it.</summary>
    /// <param name="points">The points in order of x; those whose y is not finite are left out.</param>
    /// <param name="width">Characters.</param>
    /// <param name="end">The x, above 0, at which the curve reaches its full width; the first column is what lies just above 0.</param>
    /// <param name="unicode">Whether the terminal shows block elements.</param>
    public static string Of(IEnumerable<(double X, double Y)> points, int width, double end, bool unicode)
    {
        if (width < 1) return "";
        (double Sum, int Count)[] columns = new (double, int)[width];
        foreach ((double x, double y) in points.Where(p => double.IsFinite(p.Y)))
        {
            ref (double Sum, int Count) column = ref columns[Math.Clamp((int)Math.Ceiling(x * width / end) - 1, 0, width - 1)];
            column = (column.Sum + y, column.Count + 1);
        }
        int last = Array.FindLastIndex(columns, c => c.Count > 0), first = Array.FindIndex(columns, c => c.Count > 0);
        if (last < 0) return "";
        double[] means = [.. columns.Where(c => c.Count > 0).Select(c => c.Sum / c.Count)];
        double low = means.Min(), high = means.Max();
        string levels = unicode ? Blocks : Plain;
        var text = new char[last + 1];
        for (int i = 0; i <= last; i++)
        {
            double mean = columns[i].Sum / columns[i].Count;
            text[i] = columns[i].Count == 0 ? (i < first ? ' ' : text[i - 1]) : levels[high > low ? (int)Math.Round((mean - low) / (high - low) * (levels.Length - 1)) : 0];
        }
        return new string(text);
    }
}
