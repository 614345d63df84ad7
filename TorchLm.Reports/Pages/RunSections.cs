using TorchLm.Core.Configuration;
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
            Html.Of($"""<li><span class="swatch" style="background: var(--series-{i})"></span>{p.What} {100 * p.Seconds / all:0.0} % ({ReportPage.Duration(p.Seconds)})</li>""")));
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
        (Html Row, bool Differs)[] rows = [.. Enumerable.Range(0, settings[0].Length).Select(i =>
        {
            bool differs = settings.Select(s => s[i].Value).Distinct().Count() > 1;
            Html cells = Html.Join(settings.Select(s => Html.Of($"""<td class="mono">{s[i].Value}</td>""")));
            return (Html.Of($"""<tr{(differs ? Html.Raw(" class=\"different\"") : Html.Empty)}><th scope="row">{settings[0][i].Name}</th>{cells}</tr>"""), differs);
        })];
        Html TableOf(string label, IEnumerable<Html> lines)
        {
            Html head = runs.Count == 1 ? Html.Empty : Html.Of($"""<thead><tr><th scope="col">setting</th>{Html.Join(runs.Select(r => Html.Of($"""<th scope="col">{r.Name}</th>""")))}</tr></thead>""");
            return Html.Of($"""<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>{head}<tbody>{Html.Join(lines)}</tbody></table></div>""");
        }
        Html[] different = [.. rows.Where(r => r.Differs).Select(r => r.Row)];
        Html differences = runs.Count == 1 ? Html.Empty : different.Length == 0 ? Html.Of($"<p>The runs have the same settings.</p>")
            : Html.Of($"""<h3>Settings that differ</h3>{TableOf("Settings that differ", different)}""");
        return Html.Of($"""
            <section><h2>Configuration</h2>{differences}
            <details class="card"><summary>All settings</summary>{TableOf("All settings", rows.Select(r => r.Row))}</details></section>

            """);
    }

    /// <summary>What the runs were trained on.</summary>
    public static Html Environment(IReadOnlyList<RunRecord> runs)
    {
        Html[] rows = [.. runs.SelectMany(run => run.Sessions.Select(s => Html.Of($"""
            <tr>{(runs.Count > 1 ? Html.Of($"""<th scope="row">{run.Name}</th>""") : Html.Empty)}<td>{s.Started:yyyy-MM-dd HH:mm}</td><td class="number">{s.Step:N0}</td><td>{s.Device}, {s.Precision}</td>
            <td class="number">{s.Threads}</td><td class="number">{s.PeakFlops / 1e9:N0}</td><td class="number">{s.MemoryBytes / 1e9:0.0}</td><td>{s.Processor}</td><td>{s.System}</td><td>{s.Version}, libtorch {s.Libtorch}</td></tr>
            """)))];
        return rows.Length == 0 ? Html.Empty : Html.Of($"""
            <section><h2>Environment</h2><div class="scroll" tabindex="0" role="region" aria-label="Environment"><table>
            <thead><tr>{(runs.Count > 1 ? Html.Of($"""<th scope="col">run</th>""") : Html.Empty)}<th scope="col">began (UTC)</th><th scope="col" class="number">at step</th><th scope="col">device</th><th scope="col" class="number">threads</th><th scope="col" class="number">GFLOP/s at most</th><th scope="col" class="number">memory, GB</th><th scope="col">processor</th><th scope="col">system</th><th scope="col">TorchLm</th></tr></thead>
            <tbody>{Html.Join(rows)}</tbody></table></div></section>

            """);
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
        DatasetSplit?[] splits = [data.Train, data.Val];
        Html rows = Html.Join(splits.OfType<DatasetSplit>().Select(s => Html.Of($"""
            <tr><th scope="row">{s.Name}</th><td class="number">{s.Tokens:N0}</td><td class="number">{s.Documents:N0}</td><td class="number">{s.Bytes:N0}</td><td class="number">{s.BytesPerToken:0.00}</td></tr>
            """)));
        Html sources = data.Manifest is not { } made ? Html.Empty : Html.Of($"""
            <p>Tokenizer: {made.Tokenizer.Kind} with {made.Tokenizer.VocabularySize:N0} ids. Sources: {string.Join(", ", made.Sources.Take(5).Select(s => s.Path))}{(made.Sources.Count > 5 ? $" and {made.Sources.Count - 5:N0} more" : "")}.</p>
            """);
        Html steps = data.Manifest?.Preparation is not { } preparation ? Html.Empty : Html.Of($"""
            <p>{preparation.DocumentsRead:N0} documents with {preparation.BytesRead:N0} bytes of text were read{string.Concat(preparation.Steps.Where(s => s.DocumentsRemoved > 0)
                .Select(s => $"; {s.Name} removed {s.DocumentsRemoved:N0}"))}.</p>
            """);
        return Html.Of($"""
            <div class="card">{heading}<p>{source}</p>{sources}{steps}
            <div class="scroll" tabindex="0" role="region" aria-label="Splits"><table><thead><tr><th scope="col">split</th><th scope="col" class="number">tokens</th><th scope="col" class="number">documents</th><th scope="col" class="number">bytes</th><th scope="col" class="number">bytes/token</th></tr></thead><tbody>{rows}</tbody></table></div></div>

            """);
    }
}
