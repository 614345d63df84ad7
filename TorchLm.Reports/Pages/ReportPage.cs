using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using TorchLm.Core.Model;
using TorchLm.Reports.Plots;
using TorchLm.Reports.Runs;

namespace TorchLm.Reports.Pages;

/// <summary>A page about one run, or about several side by side.</summary>
public static class ReportPage
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>The whole page.</summary>
    public static string Of(IReadOnlyList<RunRecord> runs)
    {
        IReadOnlyList<RunPlot> plots = RunPlots.Of(runs);
        string title = runs.Count == 1 ? $"Run {runs[0].Name}" : $"{runs.Count} runs compared";
        var data = new JsonObject
        {
            ["runs"] = new JsonArray([.. runs.Select(r => JsonValue.Create(r.Name))]),
            ["plots"] = JsonSerializer.SerializeToNode(plots, s_json),
        };
        Html[] sections =
        [
            runs.Count == 1 ? Summary(runs[0]) : Table(runs),
            Plots(runs, plots),
            RunSections.Time(runs),
            RunSections.Samples(runs),
            RunSections.Incidents(runs),
            RunSections.Configuration(runs),
            RunSections.Environment(runs),
            RunSections.Data(runs),
        ];
        return Page.Of(title, Subtitle(runs), Html.Join(sections), data, "report.css", "chart.js", "report.js");
    }

    private static string Subtitle(IReadOnlyList<RunRecord> runs)
    {
        DateTimeOffset[] times = [.. runs.SelectMany(r => r.Sessions).Select(s => s.Started)];
        string when = times.Length == 0 ? "" : $"{times.Min():yyyy-MM-dd HH:mm} UTC";
        return when.Length == 0 ? "" : runs.Count > 1 ? $"The first began {when}." : $"Began {when} on {runs[0].Sessions[^1].Device}, {runs[0].Sessions[^1].Precision}.";
    }

    private static Html Summary(RunRecord run)
    {
        Html facts = Html.Join(Facts(run).Select(f => Html.Of($"""<div class="fact"><b>{f.Value}</b><span>{f.What}</span></div>""")));
        return Html.Of($"""<section aria-label="Results"><div class="facts">{facts}</div></section>""");
    }

    private static IEnumerable<(string Value, string What)> Facts(RunRecord run)
    {
        long last = run.Points.Count == 0 ? 0 : run.Points.Max(p => p.Step);
        if (run.Best is { } best)
        {
            yield return ($"{best["val_loss"]:0.0000}", $"best validation loss, nats per token, at step {best.Step:N0}");
            if (best["val_bpb"] is { } bits) yield return ($"{bits:0.000}", "bits per byte there");
        }
        if (run.EntropyFloor is { } floor) yield return ($"{floor:0.0000}", "entropy of the text, nats per token: no model can do better");
        yield return (Short(ModelCost.Parameters(run.Config.Model)), "parameters");
        yield return ($"{last:N0}", $"of {run.Config.Training.Steps:N0} steps");
        if (run.Steps is not [.., var end]) yield break;
        yield return (Short(end["tokens"]!.Value), "tokens trained on");
        yield return (Duration(run.TrainingSeconds()[^1]), "in training steps");
        yield return ($"{Median(run, "tokens_per_second"):N0}", "tokens per second, median");
        if (run.Steps.Any(p => p["mfu"] is not null)) yield return ($"{100 * Median(run, "mfu"):0} %", "of the device's measured peak");
    }

    private static Html Table(IReadOnlyList<RunRecord> runs)
    {
        RunRecord? winner = runs.Where(r => r.Best is not null).MinBy(r => r.Best!["val_loss"]);
        var table = new HtmlTable("Results of the runs",
            "run", "#best validation loss", "#bits per byte", "#at step", "#parameters", "#tokens", "#time in steps", "#tokens/s");
        for (int i = 0; i < runs.Count; i++)
        {
            RunRecord run = runs[i];
            table.Add(
            [
                Html.Of($"{Swatch(i)}{run.Name}{(run == winner ? " (best)" : "")}"),
                Html.Of($"{run.Best?["val_loss"]:0.0000}"),
                Html.Of($"{run.Best?["val_bpb"]:0.000}"),
                Html.Of($"{run.Best?.Step:N0}"),
                Html.Of($"{Short(ModelCost.Parameters(run.Config.Model))}"),
                Html.Of($"{Short(run.Steps is [.., var end] ? end["tokens"]!.Value : 0)}"),
                Html.Of($"{Duration(run.TrainingSeconds() is [.., var seconds] ? seconds : 0)}"),
                Html.Of($"{Median(run, "tokens_per_second"):N0}"),
            ]);
        }
        return Html.Of($"<section><h2>Results</h2>{table.ToHtml()}</section>\n");
    }

    /// <summary>A spot in a run's or a part's colour.</summary>
    internal static Html Swatch(int number) => Html.Of($"""<span class="swatch" style="background: var(--series-{number % 8})"></span>""");

    private static Html Plots(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunPlot> plots)
    {
        if (plots.Count == 0) return Html.Of($"""<section><h2>Curves</h2><p class="note">Nothing has been measured so far.</p></section>""");
        Html buttons = runs.Count == 1 ? Html.Empty : Html.Of($"""
            <span class="runs" role="group" aria-label="Runs that are shown">{Html.Join(runs.Select((run, i) => Button(run.Name, i)))}</span>
            """);
        Html figures = Html.Join(plots.Select(Figure));
        return Html.Of($"""
            <section><h2>Curves</h2>
            <div class="toolbar">
            <label>along <select id="along"><option value="steps">steps</option><option value="tokens">tokens</option><option value="seconds">time in steps</option></select></label>
            <label>smoothing <input id="smoothing" type="range" min="0" max="0.99" step="0.01" value="0.7"></label>
            <label><input id="log" type="checkbox"> losses on a logarithmic axis</label>
            {buttons}
            </div>
            <div class="grid plots">{figures}</div>
            <noscript><p>The curves are drawn by the page's script, which this browser does not run; torchlm report --pictures draws them as files.</p></noscript>
            </section>

            """);
    }

    private static Html Button(string name, int run) => Html.Of($"""<button type="button" data-run="{run}" aria-pressed="true">{Swatch(run)}{name}</button>""");

    private static Html Figure(RunPlot plot) => Html.Of($"""
        <figure class="card plot" id="plot-{plot.Id}"><figcaption><h3>{plot.Title}</h3></figcaption>
        <div class="chart"></div><div class="legend"></div></figure>

        """);

    /// <summary>A number in at most three digits and a letter.</summary>
    internal static string Short(double value) => value switch
    {
        >= 1e9 => $"{value / 1e9:0.##} B",
        >= 1e6 => $"{value / 1e6:0.##} M",
        >= 1e4 => $"{value / 1e3:0.#} k",
        _ => $"{value:N0}",
    };

    /// <summary>A duration in its two largest units.</summary>
    internal static string Duration(double seconds)
    {
        if (seconds < 60) return $"{seconds:0.0} s";
        var span = TimeSpan.FromSeconds(Math.Round(seconds));
        return span.TotalDays >= 1 ? $"{(int)span.TotalDays} d {span.Hours} h" : span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes} min" : $"{span.Minutes} min {span.Seconds} s";
    }

    private static double Median(RunRecord run, string field)
    {
        double[] sorted = [.. run.Steps.Select(p => p[field]).OfType<double>().Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
