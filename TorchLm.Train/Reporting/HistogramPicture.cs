using System.Globalization;
using System.Net;
using System.Text;
using TorchLm.Data.Inspection;

namespace TorchLm.Train.Reporting;

/// <summary>How long documents are, drawn as an SVG file: a panel a split. Any browser shows it, and no fonts or native libraries are needed to draw it.</summary>
internal static class HistogramPicture
{
    private const int Width = 760, PanelHeight = 260, Left = 70, Right = 20, Top = 46, Bottom = 50;

    /// <summary>Draws the histograms.</summary>
    /// <param name="title">What data set it is.</param>
    /// <param name="splits">A panel each.</param>
    public static string Draw(string title, IReadOnlyList<SplitInspection> splits)
    {
        var svg = new StringBuilder();
        int height = 40 + splits.Count * PanelHeight;
        svg.Append(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" "))
            .Append("font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.Append(Invariant($"<text x=\"{Left}\" y=\"26\" font-size=\"16\" font-weight=\"600\">Document lengths of {WebUtility.HtmlEncode(title)}</text>\n"));
        for (int i = 0; i < splits.Count; i++) DrawPanel(svg, splits[i], 40 + i * PanelHeight);
        return svg.Append("</svg>\n").ToString();
    }

    private static void DrawPanel(StringBuilder svg, SplitInspection split, int y)
    {
        LengthBin[] bins = [.. split.Lengths.Bins];
        int bottom = y + PanelHeight - Bottom, plotHeight = PanelHeight - Top - Bottom, plotWidth = Width - Left - Right;
        svg.Append(Invariant($"<text x=\"{Left}\" y=\"{y + 28}\" font-weight=\"600\">{split.Name}</text>"))
            .Append(Invariant($"<text x=\"{Left + 50}\" y=\"{y + 28}\" fill=\"#666\">{split.Lengths.Count:N0} documents, mean {split.Lengths.Mean:N0} tokens, "))
            .Append(Invariant($"from {split.Lengths.Shortest:N0} to {split.Lengths.Longest:N0}</text>\n"));
        double most = Nice(Math.Max(1, bins.Select(bin => bin.Documents).DefaultIfEmpty().Max()));
        for (int line = 0; line <= 4; line++)
        {
            double value = most * line / 4, at = bottom - plotHeight * line / 4.0;
            svg.Append(Invariant($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{at:0.#}\" y2=\"{at:0.#}\" stroke=\"{(line == 0 ? "#888" : "#e4e4e4")}\"/>"));
            if (value == Math.Floor(value)) svg.Append(Invariant($"<text x=\"{Left - 8}\" y=\"{at + 4:0.#}\" text-anchor=\"end\" fill=\"#666\">{value:N0}</text>"));
            svg.Append('\n');
        }
        double slot = (double)plotWidth / Math.Max(bins.Length, 1);
        for (int i = 0; i < bins.Length; i++)
        {
            double barHeight = plotHeight * bins[i].Documents / most, x = Left + i * slot;
            svg.Append(Invariant($"<rect x=\"{x + slot * 0.08:0.#}\" y=\"{bottom - barHeight:0.#}\" width=\"{slot * 0.84:0.#}\" height=\"{barHeight:0.#}\" fill=\"#3b78b5\">"))
                .Append(Invariant($"<title>{bins[i].From:N0} to {bins[i].To:N0} tokens: {bins[i].Documents:N0} documents</title></rect>"))
                .Append(Invariant($"<text x=\"{x + slot / 2:0.#}\" y=\"{bottom + 16}\" text-anchor=\"middle\" fill=\"#666\" font-size=\"11\">{Short(bins[i].From)}</text>\n"));
        }
        svg.Append(Invariant($"<text x=\"{Left + plotWidth / 2}\" y=\"{bottom + 34}\" text-anchor=\"middle\" fill=\"#666\">tokens (each bar up to twice its label)</text>\n"));
    }

    // The next of 1, 2, 4, 5, 8, 10 times a power of ten, so that quarters of it are short numbers.
    private static double Nice(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        foreach (double factor in (double[])[1, 2, 4, 5, 8])
        {
            if (value <= factor * power) return factor * power;
        }
        return 10 * power;
    }

    private static string Short(long value) => value < 1024 ? Invariant($"{value}") : value < 1 << 20 ? Invariant($"{value >> 10}K") : Invariant($"{value >> 20}M");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
