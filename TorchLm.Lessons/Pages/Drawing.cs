using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;
using TorchLm.Core;
using TorchLm.Reports.Plots;

namespace TorchLm.Lessons.Pages;

/// <summary>How the lessons' pictures look, and what they are made of.</summary>
internal static class Drawing
{
    private const int PlotWidth = 480, PlotHeight = 360, MostColumns = 3;
    private static readonly double[] s_oneTwoFive = [1, 2, 5];

    /// <summary>Draws plots side by side, at most three in a row.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="plots">What.</param>
    /// <param name="scale">How many times as wide and high as usual each of them is.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Save(string file, IReadOnlyList<Action<Plot>> plots, int scale = 1)
    {
        PictureFont.Choose();
        var all = new Multiplot();
        all.AddPlots(plots.Count);
        int columns = plots.Count == 4 ? 2 : Math.Min(plots.Count, MostColumns), rows = (plots.Count + columns - 1) / columns;
        all.Layout = new Grid(rows, columns);
        for (int i = 0; i < plots.Count; i++)
        {
            Plot plot = all.GetPlot(i);
            plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
            plots[i](plot);
        }
        try
        {
            all.SavePng(file, columns * PlotWidth * scale, rows * PlotHeight * scale);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The picture '{file}' cannot be written: {e.Message}");
        }
    }

    /// <summary>Says what a plot and its axes show.</summary>
    public static void Titles(this Plot plot, string title, string x, string y)
    {
        plot.Axes.Title.Label.FontSize = 14;
        plot.Title(title);
        foreach ((IAxis axis, string text) in new[] { ((IAxis)plot.Axes.Bottom, x), (plot.Axes.Left, y) })
        {
            axis.Label.Text = text;
            axis.Label.FontSize = 12;
            axis.Label.Bold = false;
        }
    }

    /// <summary>A line through points.</summary>
    public static void Line(this Plot plot, string? name, IEnumerable<double> xs, IEnumerable<double> ys, Color? color = null, float width = 2)
    {
        var line = plot.Add.ScatterLine(xs.ToArray(), ys.ToArray(), color);
        line.LineWidth = width;
        if (name is not null) line.LegendText = name;
    }

    /// <summary>A line through values at 0, 1, 2, …</summary>
    public static void Line(this Plot plot, string? name, IReadOnlyList<double> ys, Color? color = null, float width = 2) =>
        plot.Line(name, Enumerable.Range(0, ys.Count).Select(i => (double)i), ys, color, width);

    /// <summary>A function between two numbers.</summary>
    public static void Curve(this Plot plot, string? name, Func<double, double> function, double from, double to, Color? color = null)
    {
        const int Points = 400;
        double[] xs = [.. Enumerable.Range(0, Points + 1).Select(i => from + ((to - from) * i / Points))];
        plot.Line(name, xs, xs.Select(function), color);
    }

    /// <summary>Points that are not connected.</summary>
    public static void Points(this Plot plot, string? name, IEnumerable<double> xs, IEnumerable<double> ys, Color? color = null, float size = 8)
    {
        var points = plot.Add.ScatterPoints(xs.ToArray(), ys.ToArray(), color);
        points.MarkerSize = size;
        if (name is not null) points.LegendText = name;
    }

    /// <summary>Words at a point.</summary>
    public static void Word(this Plot plot, string word, double x, double y, Color? color = null, float size = 12,
        Alignment alignment = Alignment.MiddleCenter)
    {
        var text = plot.Add.Text(word, x, y);
        (text.LabelFontSize, text.LabelFontColor, text.LabelAlignment) = (size, color ?? Colors.Black, alignment);
    }

    /// <summary>Words beside points of a large plot, each on the side where it covers the fewest others.</summary>
    public static void Words(this Plot plot, IEnumerable<(string Word, double X, double Y, Color Color)> words)
    {
        (string Word, double X, double Y, Color Color)[] all = [.. words];
        double unitX = (all.Max(w => w.X) - all.Min(w => w.X)) / 960, unitY = (all.Max(w => w.Y) - all.Min(w => w.Y)) / 720; // of a pixel, about
        List<(double Left, double Right, double Bottom, double Top)> taken =
            [.. all.Select(w => (w.X - (4 * unitX), w.X + (4 * unitX), w.Y - (4 * unitY), w.Y + (4 * unitY)))];
        Alignment[] sides = [Alignment.LowerLeft, Alignment.LowerRight, Alignment.UpperLeft, Alignment.UpperRight, Alignment.MiddleLeft,
            Alignment.MiddleRight, Alignment.LowerCenter, Alignment.UpperCenter];
        foreach ((string word, double x, double y, Color color) in all)
        {
            (double, double, double, double) Box(Alignment side)
            {
                double width = 7 * word.Length * unitX, height = 14 * unitY;
                double left = x - (width * side.HorizontalFraction()), bottom = y - (height * side.VerticalFraction());
                return (left, left + width, bottom, bottom + height);
            }
            double Covered((double Left, double Right, double Bottom, double Top) box) => taken.Sum(t =>
                Math.Max(0, Math.Min(t.Right, box.Right) - Math.Max(t.Left, box.Left)) * Math.Max(0,
                    Math.Min(t.Top, box.Top) - Math.Max(t.Bottom, box.Bottom)));
            Alignment best = sides.MinBy(side => Covered(Box(side)));
            taken.Add(Box(best));
            plot.Word(word, x, y, color, 11, best);
        }
    }

    /// <summary>The sign's and size's map of a function of two numbers: blue where it is low, white between, red where it is high.</summary>
    public static void Surface(this Plot plot, Func<double, double, double> function, double from, double to, double low, double high,
        int cells = 60) =>
        plot.Surface(function, from, to, from, to, low, high, cells);

    /// <summary>The same over a rectangle.</summary>
    public static void Surface(this Plot plot, Func<double, double, double> function, double left, double right, double bottom, double top,
        double low, double high, int cells = 60)
    {
        var values = new double[cells, cells];
        double At(int i, double from, double to) => from + ((i + 0.5) * (to - from) / cells);
        for (int row = 0; row < cells; row++)
        {
            for (int column = 0; column < cells; column++) values[row, column] = function(At(column, left, right), At(row, bottom, top));
        }
        var map = plot.Add.Heatmap(values);
        map.FlipVertically = true;
        map.Rectangle = new CoordinateRect(left, right, bottom, top);
        map.Colormap = new ScottPlot.Colormaps.Balance();
        map.ManualRange = new ScottPlot.Range(low, high);
        map.Smooth = true;
        plot.Axes.SetLimits(left, right, bottom, top);
    }

    /// <summary>A matrix as squares, the first row at the top, with its numbers where they are few.</summary>
    public static void Matrix(this Plot plot, double[,] values, IReadOnlyList<string>? rows = null, IReadOnlyList<string>? columns = null,
        bool signed = false)
    {
        int height = values.GetLength(0), width = values.GetLength(1);
        double most = values.Cast<double>().Max(Math.Abs);
        var map = plot.Add.Heatmap(values);
        map.Colormap = signed ? new ScottPlot.Colormaps.Balance() : new ScottPlot.Colormaps.Viridis();
        map.ManualRange = new ScottPlot.Range(signed ? -most : 0, most);
        map.Rectangle = new CoordinateRect(0, width, 0, height);
        if (height * width <= 64)
        {
            for (int i = 0; i < height; i++)
            {
                for (int j = 0; j < width; j++)
                {
                    if (values[i, j] == 0) continue;
                    bool dark = signed ? Math.Abs(values[i, j]) > 0.6 * most : values[i, j] < 0.6 * most;
                    plot.Word(values[i, j].ToString("0.00"), j + 0.5, height - i - 0.5, dark ? Colors.White : Colors.Black, 11);
                }
            }
        }
        rows ??= Numbered(height);
        columns ??= Numbered(width);
        plot.Axes.Left.TickGenerator = new NumericManual([.. rows.Select((_, i) => height - i - 0.5)], [.. rows]);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. columns.Select((_, j) => j + 0.5)], [.. columns]);
        plot.HideGrid();
        plot.Axes.SetLimits(0, width, 0, height);
    }

    /// <summary>0, 1, 2, …, with blanks where they would be too close.</summary>
    private static string[] Numbered(int count) => [.. Enumerable.Range(0, count).Select(i => i % Math.Max(1, count / 8) == 0 ? $"{i}" : "")];

    /// <summary>Marks an axis as one of powers of ten, for values that are logarithms already and have been added.</summary>
    public static void PowersOfTen(this Plot plot, bool horizontal = false)
    {
        plot.Axes.AutoScale();
        AxisLimits limits = plot.Axes.GetLimits();
        (double from, double to) = horizontal ? (limits.Left, limits.Right) : (limits.Bottom, limits.Top);
        ITickGenerator ticks = to - from > 2
            ? new NumericAutomatic { IntegerTicksOnly = true,
                LabelFormatter = exponent => exponent is >= -3 and <= 4 ? Math.Pow(10, exponent).ToString("0.###") : $"1e{exponent:0}" }
            : OneTwoFive(from, to);
        if (horizontal) plot.Axes.Bottom.TickGenerator = ticks;
        else plot.Axes.Left.TickGenerator = ticks;
    }

    /// <summary>Marks at 1, 2 and 5 times the powers of ten in a range of logarithms.</summary>
    private static NumericManual OneTwoFive(double from, double to)
    {
        double[] values = [.. Enumerable.Range((int)Math.Floor(from), (int)Math.Ceiling(to) - (int)Math.Floor(from) + 1)
            .SelectMany(e => s_oneTwoFive.Select(m => m * Math.Pow(10, e)))];
        return new NumericManual([.. values.Select(Math.Log10)], [.. values.Select(v => v.ToString("0.####"))]);
    }
}
