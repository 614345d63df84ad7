using ScottPlot;
using ScottPlot.TickGenerators;
using TorchLm.Core;

namespace TorchLm.Reports.Plots;

/// <summary>A plot as a file, for papers and READMEs.</summary>
public static class PlotPicture
{
    /// <summary>The share of the past that a smoothed curve keeps from one point to the next.</summary>
    private const double Kept = 0.7;

    private static readonly double[] s_marks = [1, 2, 5];

    // The page's colours on white.
    private static readonly Color[] s_colors = [.. new[] { "#0b62b8", "#c2410c", "#18794e", "#8e3fb0", "#a1600a", "#0f766e", "#b3186d", "#5b6470" }.Select(c => Color.FromHex(c))];

    /// <summary>Draws a plot.</summary>
    /// <param name="plot">What.</param>
    /// <param name="runs">How many runs are in it.</param>
    /// <param name="file">Where to; its ending, .png or .svg, decides the format.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Save(RunPlot plot, int runs, string file)
    {
        const int Width = 800, Height = 480;
        PictureFont.Choose();
        using Plot picture = Draw(plot, runs);
        try
        {
            if (Path.GetExtension(file).Equals(".svg", StringComparison.OrdinalIgnoreCase)) picture.SaveSvg(file, Width, Height);
            else picture.SavePng(file, Width, Height);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The picture '{file}' cannot be written: {e.Message}");
        }
    }

    private static Plot Draw(RunPlot plot, int runs)
    {
        var picture = new Plot();
        picture.Title(plot.Title, 16);
        foreach ((IAxis axis, string text) in new[] { ((IAxis)picture.Axes.Bottom, "step"), (picture.Axes.Left, plot.Unit) })
        {
            axis.Label.Text = text;
            axis.Label.FontSize = 13;
            axis.Label.Bold = false;
        }
        picture.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        double[] values = [.. plot.Curves.SelectMany(c => c.Values).OfType<double>().Where(v => v > 0)];
        bool logarithmic = plot.Logarithmic && values.Length > 0 && values.Max() > 10 * values.Min(); // else a straight axis shows as much
        double Place(double value) => logarithmic ? Math.Log10(value) : value;
        for (int i = 0; i < plot.Curves.Count; i++)
        {
            Curve curve = plot.Curves[i];
            Color color = s_colors[(runs == 1 ? i : curve.Run) % s_colors.Length];
            if (curve.Style == CurveStyle.Level)
            {
                var level = picture.Add.HorizontalLine(Place(curve.Values[0]!.Value), 1.5f, Colors.Gray, LinePattern.Dashed);
                level.LegendText = curve.Name;
                continue;
            }
            (double X, double Y)[] points = [.. curve.Steps.Zip(curve.Values).Where(p => p.Second is { } v && (!logarithmic || v > 0)).Select(p => (p.First, Place(p.Second!.Value)))];
            bool raw = curve.Style == CurveStyle.Raw;
            if (raw) Line(points, color.WithAlpha(0.3), 1);
            var line = Line(raw ? Smoothed(points) : points, color, 2);
            line.LegendText = curve.Name;
            if (curve.Style != CurveStyle.Points) continue;
            if (runs > 1) line.LinePattern = LinePattern.Dashed;
            (line.MarkerShape, line.MarkerSize) = (MarkerShape.FilledCircle, 6);
        }
        picture.Legend.FontSize = 12;
        picture.Legend.OutlineColor = Colors.Black.WithAlpha(0.15);
        picture.Legend.ShadowColor = Colors.Transparent;
        picture.ShowLegend(plot.Id is "throughput" or "utilization" or "memory" ? Alignment.LowerRight : Alignment.UpperRight);
        picture.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = v => v.ToString("#,0.###") };
        if (logarithmic)
        {
            double[] marks = [.. Enumerable.Range((int)Math.Floor(Math.Log10(values.Min())), (int)Math.Ceiling(Math.Log10(values.Max() / values.Min())) + 2)
                .SelectMany(e => s_marks.Select(m => m * Math.Pow(10, e)))];
            picture.Axes.Left.TickGenerator = new NumericManual([.. marks.Select(Math.Log10)], [.. marks.Select(m => m.ToString("0.#####"))]);
        }
        else
        {
            picture.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = v => Math.Abs(v) is > 0 and < 1e-3 ? v.ToString("0.#e-0") : v.ToString("#,0.####") };
        }
        return picture;

        ScottPlot.Plottables.Scatter Line((double X, double Y)[] points, Color color, float width)
        {
            var line = picture.Add.ScatterLine(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray(), color);
            line.LineWidth = width;
            return line;
        }
    }

    /// <summary>An exponential moving average without a bias at its beginning.</summary>
    private static (double, double)[] Smoothed((double X, double Y)[] points)
    {
        double sum = 0, weight = 0;
        return [.. points.Select(p =>
        {
            (sum, weight) = ((Kept * sum) + ((1 - Kept) * p.Y), (Kept * weight) + 1 - Kept);
            return (p.X, sum / weight);
        })];
    }
}
