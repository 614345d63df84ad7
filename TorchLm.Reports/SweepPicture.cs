using System.Globalization;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;
using SkiaSharp;
using TorchLm.Core;

namespace TorchLm.Reports;

/// <summary>A trial of a sweep, as it is drawn.</summary>
/// <param name="Candidate">The number of its combination of settings.</param>
/// <param name="Values">The values of what was tried, in the order of the parameters.</param>
/// <param name="BestLoss">Its lowest validation loss in nats a token; null where it failed.</param>
/// <param name="Curve">Its validation losses by step.</param>
/// <param name="IsWhole">Whether it was trained to the end.</param>
public sealed record SweptTrial(
    int Candidate, IReadOnlyList<string> Values, double? BestLoss, IReadOnlyList<(long Step, double Loss)> Curve, bool IsWhole);

/// <summary>The picture of a sweep: validation loss against each setting that was tried, and the loss curves.</summary>
public static class SweepPicture
{
    private const int PanelWidth = 520, PanelHeight = 380, MostColumns = 3, MostTicks = 8, MostNamed = 6;
    private const double LogarithmicFrom = 10;

    private static readonly string[] s_fonts = ["Inter", "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial"];
    private static readonly Color s_point = Color.FromHex("#1f77b4"), s_early = Color.FromHex("#9aa5b1"), s_best = Color.FromHex("#d62728");

    /// <summary>Draws it as a PNG file.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="parameters">The names of what was tried.</param>
    /// <param name="trials">The trials, those of the best candidate first.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Draw(string file, IReadOnlyList<string> parameters, IReadOnlyList<SweptTrial> trials)
    {
        string[] there = [.. SKFontManager.Default.FontFamilies];
        if (s_fonts.FirstOrDefault(there.Contains) is { } font) Fonts.Default = font;
        int panels = parameters.Count + 1, columns = panels == 4 ? 2 : Math.Min(panels, MostColumns), rows = (panels + columns - 1) / columns;
        var all = new Multiplot();
        all.AddPlots(panels);
        all.Layout = new Grid(rows, columns);
        for (int i = 0; i < parameters.Count; i++) Parameter(all.GetPlot(i), parameters[i], i, trials);
        Curves(all.GetPlot(parameters.Count), trials);
        try
        {
            all.SavePng(file, columns * PanelWidth, rows * PanelHeight);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The picture '{file}' cannot be written: {e.Message}");
        }
    }

    /// <summary>Loss against one setting: a point for each trial, and the mean where several share a value.</summary>
    private static void Parameter(Plot plot, string name, int index, IReadOnlyList<SweptTrial> trials)
    {
        Func<string, double> place = Axis(plot, [.. trials.Select(trial => trial.Values[index])]);
        SweptTrial[] measured = [.. trials.Where(trial => trial.BestLoss is not null)];
        var groups = measured.GroupBy(trial => place(trial.Values[index])).OrderBy(group => group.Key).ToArray();
        // A mean over trials of different lengths would say nothing.
        bool shares = groups.Length > 1 && groups.Length < measured.Length && measured.All(trial => trial.IsWhole);
        if (shares)
        {
            double[] means = [.. groups.Select(group => group.Average(trial => trial.BestLoss!.Value))];
            var line = plot.Add.ScatterLine(groups.Select(group => group.Key).ToArray(), means, s_point.WithAlpha(0.7));
            (line.LineWidth, line.LegendText) = (2, "mean");
        }
        int best = measured.Length == 0 ? 0 : measured[0].Candidate;
        Points(plot, "trial", measured.Where(trial => trial.IsWhole && trial.Candidate != best), s_point);
        Points(plot, "given up early", measured.Where(trial => !trial.IsWhole && trial.Candidate != best), s_early);
        Points(plot, "best", measured.Where(trial => trial.Candidate == best), s_best);
        if (shares || measured.Any(trial => !trial.IsWhole)) plot.ShowLegend(Alignment.UpperRight);
        Titles(plot, name, "", "best validation loss (nats/token)");

        void Points(Plot target, string legend, IEnumerable<SweptTrial> some, Color color)
        {
            SweptTrial[] these = [.. some];
            if (these.Length == 0) return;
            double[] places = [.. these.Select(trial => place(trial.Values[index]))], losses = [.. these.Select(trial => trial.BestLoss!.Value)];
            var points = target.Add.ScatterPoints(places, losses, color);
            (points.MarkerSize, points.LegendText) = (8, legend);
        }
    }

    /// <summary>Where values stand: words side by side, numbers by their size, by its logarithm where they span a factor of ten.</summary>
    private static Func<string, double> Axis(Plot plot, string[] values)
    {
        string[] distinct = [.. values.Distinct()];
        double?[] numbers = [.. distinct.Select(Number)];
        if (numbers.Any(number => number is null))
        {
            string[] words = [.. distinct.Order(StringComparer.Ordinal)];
            plot.Axes.Bottom.TickGenerator = new NumericManual([.. words.Select((_, i) => (double)i)], words);
            plot.Axes.SetLimitsX(-0.5, words.Length - 0.5);
            return value => Array.IndexOf(words, value);
        }
        double low = numbers.Min()!.Value, high = numbers.Max()!.Value;
        bool isLogarithmic = low > 0 && high / low >= LogarithmicFrom;
        double At(double number) => isLogarithmic ? Math.Log10(number) : number;
        double[] places = [.. numbers.Select(number => At(number!.Value)).Order()];
        bool standApart = places.Zip(places.Skip(1)).All(pair => pair.Second - pair.First >= (places[^1] - places[0]) / MostTicks);
        if (standApart) plot.Axes.Bottom.TickGenerator = new NumericManual([.. numbers.Select(number => At(number!.Value))], distinct);
        else if (isLogarithmic) plot.Axes.Bottom.TickGenerator = LogarithmicTicks(low, high);
        double margin = Math.Max((At(high) - At(low)) * 0.08, 1e-12);
        plot.Axes.SetLimitsX(At(low) - margin, At(high) + margin);
        return value => At(Number(value)!.Value);
    }

    /// <summary>Ticks at 1, 2 and 5 times powers of ten, or at the powers alone where these are many.</summary>
    private static NumericManual LogarithmicTicks(double low, double high)
    {
        const double Beyond = 1.5; // an axis goes a little further than its values
        int first = (int)Math.Floor(Math.Log10(low)) - 1, last = (int)Math.Ceiling(Math.Log10(high)) + 1;
        double[] digits = last - first > 5 ? [1] : [1, 2, 5];
        double[] ticks = [.. Enumerable.Range(first, last - first + 1).SelectMany(power => digits.Select(digit => digit * Math.Pow(10, power)))
            .Where(tick => tick >= low / Beyond && tick <= high * Beyond)];
        return new NumericManual([.. ticks.Select(Math.Log10)], [.. ticks.Select(tick => tick.ToString("0.#e0", CultureInfo.InvariantCulture))]);
    }

    /// <summary>All loss curves: from yellow, the worst, to dark, the better ones, and the best in red.</summary>
    private static void Curves(Plot plot, IReadOnlyList<SweptTrial> trials)
    {
        int[] ranked = [.. trials.Where(trial => trial.Curve.Count > 0).Select(trial => trial.Candidate).Distinct()];
        var colors = new ScottPlot.Colormaps.Viridis();
        var named = new SortedDictionary<int, LegendItem>();
        foreach (SweptTrial trial in trials.Where(trial => trial.Curve.Count > 0).Reverse()) // the best on top
        {
            int rank = Array.IndexOf(ranked, trial.Candidate);
            Color color = rank == 0 ? s_best : colors.GetColor(0.85 * rank / Math.Max(1, ranked.Length - 1)).WithAlpha(0.7);
            double[] steps = [.. trial.Curve.Select(point => (double)point.Step)], losses = [.. trial.Curve.Select(point => point.Loss)];
            var line = plot.Add.Scatter(steps, losses, color);
            (line.LineWidth, line.MarkerSize) = (rank == 0 ? 2.5f : 1.2f, trial.Curve.Count == 1 ? 5 : 0);
            if (rank >= MostNamed) continue;
            named[rank] = new LegendItem { LabelText = string.Join(", ", trial.Values), LineColor = color, LineWidth = line.LineWidth };
        }
        plot.ShowLegend(named.Values, Alignment.UpperRight);
        plot.Legend.FontSize = 11;
        string title = ranked.Length > MostNamed ? $"Loss curves (named: the best {MostNamed})" : "Loss curves";
        Titles(plot, title, "step", "validation loss (nats/token)");
    }

    private static void Titles(Plot plot, string title, string x, string y)
    {
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        plot.Axes.Title.Label.FontSize = 14;
        plot.Title(title);
        foreach ((IAxis axis, string text) in new[] { ((IAxis)plot.Axes.Bottom, x), (plot.Axes.Left, y) })
        {
            (axis.Label.Text, axis.Label.FontSize, axis.Label.Bold) = (text, 12, false);
        }
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
