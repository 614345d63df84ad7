using TorchLm.Core.Configuration;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Reports.Runs;

namespace TorchLm.Reports.Pages;

/// <summary>The parts of a report that are text and tables; each is empty where there is nothing to say.</summary>
internal static class RunSections
{
    private const int ShownSamples = 10;

    /// <summary>What steps, evaluations and checkpoints took.</summary>
    public static Html Time(IReadOnlyList<RunRecord> runs)
    {
        (RunRecord Run, IReadOnlyList<TimeSpent> Parts)[] measured = [.. runs.Select(r => (r, TimeSpent.Of(r))).Where(r => r.Item2.Count > 0)];
        return measured.Length == 0 ? Html.Empty : Html.Of($"""
            <section><h2>Where the time went</h2>
            {Html.Join(measured.Select(m => Bar(m.Run, m.Parts, runs.Count > 1)))}
            <p class="note">Forward ends at the last hidden states; the output head's loss and gradients are made together and counted as backward.
            Saving is what training waited for: most of it goes on beside the next steps.</p></section>

            """);
    }

    private static Html Bar(RunRecord run, IReadOnlyList<TimeSpent> parts, bool named)
    {
        double all = parts.Sum(p => p.Seconds);
        Html cells = Html.Join(parts.Select((p, i) => p.Seconds / all < 0.001 ? Html.Empty
            : Html.Of($"""<span class="part" style="flex: {p.Seconds / all:0.0000}; background: var(--series-{i})"></span>""")));
        Html words = Html.Join(parts.Select((p, i) =>
            Html.Of($"""<li>{ReportPage.Swatch(i)}{p.What} {100 * p.Seconds / all:0.0} % ({ReportPage.Duration(p.Seconds)})</li>""")));
        return Html.Of($"""
            <div class="card">{(named ? Html.Of($"<h3>{run.Name}</h3>") : Html.Empty)}<div class="bar" aria-hidden="true">{cells}</div><ul class="keys">{words}</ul></div>

            """);
    }

    /// <summary>What the model wrote as it learned.</summary>
    public static Html Samples(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] speaking = [.. runs.Where(r => r.Points.Any(p => p.Sample is not null))];
        return speaking.Length == 0 ? Html.Empty : Html.Of($"""
            <section><h2>What it wrote as it learned</h2>
            {Html.Join(speaking.Select(run => SamplesOf(run, runs.Count > 1)))}</section>

            """);
    }

    private static Html SamplesOf(RunRecord run, bool named)
    {
        MetricsPoint[] all = [.. run.Points.Where(p => p.Sample is not null)];
        // As many between the first and the last as can be read at a glance, evenly spread.
        MetricsPoint[] shown = all.Length <= ShownSamples ? all : [.. Enumerable.Range(0, ShownSamples).Select(i => all[(int)Math.Round(i * (all.Length - 1.0) / (ShownSamples - 1))])];
        Html list = Html.Join(shown.Select(p => Html.Of(
            $"""<div class="sample"><div class="when">step {p.Step:N0}{(p["val_loss"] is { } loss ? $", loss {loss:0.000}" : "")}</div><pre>{p.Sample}</pre></div>""")));
        return named ? Html.Of($"""<details class="card"><summary>{run.Name}</summary>{list}</details>""") : Html.Of($"""<div class="card">{list}</div>""");
    }

    /// <summary>What went wrong and was survived.</summary>
    public static Html Incidents(IReadOnlyList<RunRecord> runs)
    {
        Html[] lines = [.. runs.SelectMany(run => run.Points.Where(p => p.Message is not null).Select(p => Html.Of($"<li>{(runs.Count > 1 ? $"{run.Name}: " : "")}{p.Message}</li>")))];
        return lines.Length == 0 ? Html.Empty : Html.Of($"<section><h2>What went wrong, and was survived</h2><ul>{Html.Join(lines)}</ul></section>\n");
    }

    /// <summary>All settings; of several runs those that differ first.</summary>
    public static Html Configuration(IReadOnlyList<RunRecord> runs)
    {
        (string Name, string Value)[][] settings = [.. runs.Select(r => ConfigDifference.Settings(r.Config).ToArray())];
        string[] columns = runs.Count == 1 ? [] : ["setting", .. runs.Select(r => r.Name)];
        HtmlTable all = new("All settings", columns), different = new("Settings that differ", columns);
        for (int i = 0; i < settings[0].Length; i++)
        {
            bool differs = settings.Select(s => s[i].Value).Distinct().Count() > 1;
            Html[] cells = [Html.Of($"{settings[0][i].Name}"), .. settings.Select(s => Html.Of($"""<span class="mono">{s[i].Value}</span>"""))];
            all.Add(cells, differs);
            if (differs) different.Add(cells, differs);
        }
        Html differences = runs.Count == 1 ? Html.Empty : different.IsEmpty ? Html.Of($"<p>The runs have the same settings.</p>")
            : Html.Of($"<h3>Settings that differ</h3>{different.ToHtml()}");
        return Html.Of($"""
            <section><h2>Configuration</h2>{differences}
            <details class="card"><summary>All settings</summary>{all.ToHtml()}</details></section>

            """);
    }

    /// <summary>What the runs were trained on.</summary>
    public static Html Environment(IReadOnlyList<RunRecord> runs)
    {
        var table = new HtmlTable("Environment",
            "run", "began (UTC)", "#at step", "device", "#threads", "#GFLOP/s at most", "#memory, GB", "processor", "system", "TorchLm");
        foreach ((RunRecord run, SessionInfo s) in runs.SelectMany(run => run.Sessions.Select(session => (run, session))))
        {
            table.Add(
            [
                Html.Of($"{run.Name}"), Html.Of($"{s.Started:yyyy-MM-dd HH:mm}"), Html.Of($"{s.Step:N0}"), Html.Of($"{s.Device}, {s.Precision}"), Html.Of($"{s.Threads}"),
                Html.Of($"{s.PeakFlops / 1e9:N0}"), Html.Of($"{s.MemoryBytes / 1e9:0.0}"), Html.Of($"{s.Processor}"), Html.Of($"{s.System}"),
                Html.Of($"{s.Version}, libtorch {s.Libtorch}"),
            ]);
        }
        return table.IsEmpty ? Html.Empty : Html.Of($"<section><h2>Environment</h2>{table.ToHtml()}</section>\n");
    }

    /// <summary>What the runs learned from; data that several share is described once.</summary>
    public static Html Data(IReadOnlyList<RunRecord> runs)
    {
        var sets = runs.GroupBy(r => r.Dataset?.Identity).Select(g => (g.First(), Names: string.Join(", ", g.Select(r => r.Name)))).ToArray();
        return Html.Of($"""<section><h2>Data</h2>{Html.Join(sets.Select(s => DataOf(s.Item1, sets.Length > 1 ? s.Names : null)))}</section>""");
    }

    private static Html DataOf(RunRecord run, string? names)
    {
        Html heading = names is null ? Html.Empty : Html.Of($"<h3>{names}</h3>");
        string source = run.Config.Data.Path ?? "the built-in fables";
        if (run.Dataset is not { } data) return Html.Of($"""<div class="card">{heading}<p>{source} (its description is not there any more)</p></div>""");
        var table = new HtmlTable("Splits", "split", "#tokens", "#documents", "#bytes", "#bytes/token");
        foreach (DatasetSplit split in new[] { data.Train, data.Val }.OfType<DatasetSplit>())
        {
            table.Add([Html.Of($"{split.Name}"), Html.Of($"{split.Tokens:N0}"), Html.Of($"{split.Documents:N0}"), Html.Of($"{split.Bytes:N0}"), Html.Of($"{split.BytesPerToken:0.00}")]);
        }
        return Html.Of($"""
            <div class="card">{heading}<p>{source}</p>{(data.Manifest is { } made ? Origin(made) : Html.Empty)}{table.ToHtml()}</div>

            """);
    }

    private static Html Origin(DatasetManifest made)
    {
        const int Named = 5;
        string sources = string.Join(", ", made.Sources.Take(Named).Select(s => s.Path)) + (made.Sources.Count > Named ? $" and {made.Sources.Count - Named:N0} more" : "");
        Html steps = made.Preparation is not { } preparation ? Html.Empty : Html.Of($"""
            <p>{preparation.DocumentsRead:N0} documents with {preparation.BytesRead:N0} bytes of text were read{string.Concat(preparation.Steps
                .Where(s => s.DocumentsRemoved > 0).Select(s => $"; {s.Name} removed {s.DocumentsRemoved:N0}"))}.</p>
            """);
        return Html.Of($"<p>Tokenizer: {made.Tokenizer.Kind} with {made.Tokenizer.VocabularySize:N0} ids. Sources: {sources}.</p>{steps}");
    }
}
