using TorchLm.Reports.Runs;

namespace TorchLm.Reports.Plots;

/// <summary>The plots of a report.</summary>
public static class RunPlots
{
    /// <summary>A curve has at most this many points; of more, neighbours are averaged.</summary>
    private const int MostPoints = 1500;

    /// <summary>Blocks whose curves can be told apart by their colours, beside those of embeddings and head.</summary>
    private const int MostLayers = 6;

    /// <summary>All plots that there is something to show in.</summary>
    public static IReadOnlyList<RunPlot> Of(IReadOnlyList<RunRecord> runs)
    {
        bool several = runs.Count > 1;
        string Name(string what, RunRecord run) => several ? $"{run.Name}: {what}" : what;
        RunPlot Plot(string id, string title, string unit, bool logarithmic, Func<RunRecord, int, IEnumerable<Curve?>> curves) =>
            new(id, title, unit, logarithmic, [.. runs.SelectMany(curves).OfType<Curve>()]);

        RunPlot[] all =
        [
            Plot("loss", "Loss", "nats per token", false, (run, i) =>
            [
                OfSteps(run, i, Name("train", run), "train_loss", CurveStyle.Raw),
                OfEvaluations(run, i, Name("validation", run), "val_loss"),
                run.EntropyFloor is { } floor && (i == 0 || runs[i - 1].EntropyFloor != floor)
                    ? new Curve("entropy of the text: no model can do better", i, CurveStyle.Level, [], [], [], [floor]) : null,
            ]),
            Plot("learning-rate", "Learning rate", "per step", false, (run, i) => [OfSteps(run, i, Name("learning rate", run), "lr", CurveStyle.Line)]),
            Plot("gradient-norm", "Gradient norm before clipping", "norm", true, (run, i) => [OfSteps(run, i, Name("gradient norm", run), "grad_norm", CurveStyle.Raw)]),
            Plot("throughput", "Throughput", "tokens per second", false, (run, i) => [OfSteps(run, i, Name("tokens per second", run), "tokens_per_second", CurveStyle.Raw)]),
            Plot("memory", "Memory", "MB", false, (run, i) =>
            [
                OfSteps(run, i, Name("process", run), "rss_mb", CurveStyle.Line),
                OfSteps(run, i, Name("card", run), "device_mb", CurveStyle.Line),
            ]),
            Plot("utilization", "Share of the device's peak", "%", false, (run, i) => [OfSteps(run, i, Name("utilization", run), "mfu", CurveStyle.Raw, scale: 100)]),
            Plot("layer-outputs", "Residual stream behind blocks", "root mean square", true, (run, i) =>
                ShownLayers(run).Select(layer => OfSteps(run, i, Name($"block {layer}", run), $"layers.rms.{layer}", CurveStyle.Line))),
            Plot("layer-gradients", "Gradient norm of parts", "norm", true, (run, i) =>
            [
                OfSteps(run, i, Name("embeddings", run), "layers.embedding_grad_norm", CurveStyle.Line),
                .. ShownLayers(run).Select(layer => OfSteps(run, i, Name($"block {layer}", run), $"layers.grad_norm.{layer}", CurveStyle.Line)),
                OfSteps(run, i, Name("head", run), "layers.head_grad_norm", CurveStyle.Line),
            ]),
        ];
        return [.. all.Where(plot => plot.Curves.Any(c => c.Style != CurveStyle.Level))];
    }

    /// <summary>All blocks of a run, or the first, the last and some between, evenly spread.</summary>
    private static IEnumerable<int> ShownLayers(RunRecord run)
    {
        int layers = run.Steps.Select(p => p.LayerCount).DefaultIfEmpty().Max();
        return layers <= MostLayers ? Enumerable.Range(0, layers)
            : Enumerable.Range(0, MostLayers).Select(i => (int)Math.Round(i * (layers - 1.0) / (MostLayers - 1)));
    }

    private static Curve? OfSteps(RunRecord run, int number, string name, string field, CurveStyle style, double scale = 1)
    {
        IReadOnlyList<double> seconds = run.TrainingSeconds();
        (double Step, double Tokens, double Seconds, double? Value)[] points =
            [.. run.Steps.Zip(seconds, (p, s) => ((double)p.Step, p["tokens"]!.Value, s, scale * p[field])).Where(p => p.Item4 is not null)];
        return points.Length == 0 ? null : Make(name, number, style, Thinned(points));
    }

    private static Curve? OfEvaluations(RunRecord run, int number, string name, string field)
    {
        IReadOnlyList<double> seconds = run.TrainingSeconds();
        (double, double, double, double?)[] points = [.. run.Evaluations.Where(e => e[field] is not null).Select(e =>
        {
            int before = LastAtOrBefore(run.Steps, e.Step);
            double tokens = before < 0 ? 0 : run.Steps[before]["tokens"]!.Value * ((double)e.Step / run.Steps[before].Step);
            return ((double)e.Step, tokens, before < 0 ? 0 : seconds[before], e[field]);
        })];
        return points.Length == 0 ? null : Make(name, number, CurveStyle.Points, points);
    }

    private static int LastAtOrBefore(IReadOnlyList<MetricsPoint> steps, long step)
    {
        int low = 0, high = steps.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (steps[middle].Step <= step) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    private static (double, double, double, double?)[] Thinned((double Step, double Tokens, double Seconds, double? Value)[] points)
    {
        int together = (points.Length + MostPoints - 1) / MostPoints;
        return together == 1 ? points : [.. points.Chunk(together).Select(c => (c[^1].Step, c[^1].Tokens, c[^1].Seconds, c.Average(p => p.Value)))];
    }

    private static Curve Make(string name, int run, CurveStyle style, (double Step, double Tokens, double Seconds, double? Value)[] points) => new(name, run, style,
        [.. points.Select(p => p.Step)], [.. points.Select(p => p.Tokens)], [.. points.Select(p => Math.Round(p.Seconds, 2))], [.. points.Select(p => p.Value)]);
}
