using Spectre.Console;
using Spectre.Console.Rendering;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Train.Reporting;

/// <summary>What a run looks like while it lasts: everything that is known, as much of it as a window holds.</summary>
internal sealed class TrainingView(RunConfig config, RunFacts facts, bool unicode)
{
    /// <summary>Of how many logged steps the smoothed loss speaks, roughly.</summary>
    private const int SmoothedSteps = 10;

    private const int NarrowWidth = 60, LowHeight = 12, ShownLosses = 1000;

    private readonly List<(double X, double Y)> _losses = [], _validation = [];
    private StepMetrics? _last;
    private EvaluationMetrics? _evaluation;
    private (double Loss, long Step)? _best;
    private double _smoothed, _weight;
    private long _step;
    private long? _saved;

    /// <summary>The step that the run is at.</summary>
    public void Update(long step) => _step = step;

    public void Add(StepMetrics metrics)
    {
        (_last, _step) = (metrics, metrics.Step);
        if (!double.IsFinite(metrics.TrainLoss)) return;
        Keep(_losses, metrics.Step, metrics.TrainLoss);
        const double Kept = 1 - (1.0 / SmoothedSteps);
        (_smoothed, _weight) = ((Kept * _smoothed) + ((1 - Kept) * metrics.TrainLoss), (Kept * _weight) + (1 - Kept));
    }

    public void Add(EvaluationMetrics metrics)
    {
        (_evaluation, _step) = (metrics, metrics.Step);
        Keep(_validation, metrics.Step, metrics.Result.Loss);
        if (metrics.IsBest) _best = (metrics.Result.Loss, metrics.Step);
    }

    public void Saved(long step) => _saved = step;

    /// <summary>The view in a number of columns and rows; it has at most as many rows.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows of the window.</param>
    /// <param name="elapsed">Seconds since this call of the program began to train.</param>
    public IRenderable Render(int width, int height, double elapsed)
    {
        bool narrow = width < NarrowWidth;
        List<IRenderable> rows = [Position(width, elapsed)];
        if (height >= LowHeight)
        {
            rows.Add(Bar(width));
            rows.AddRange(Losses(width, narrow));
            rows.AddRange(Packed(Facts(), width).Concat(Packed(Memory(), width)).Select(row => Row(row, width)));
            if (_evaluation?.Sample is { } sample) rows.AddRange(Sample(sample, width, Math.Min(height / 3, 8)));
        }
        return new Rows(rows);
    }

    /// <summary>Adds a point; of very many every second one goes, which no curve of a terminal's width shows.</summary>
    private static void Keep(List<(double X, double Y)> points, long step, double loss)
    {
        points.Add((step, loss));
        if (points.Count <= 2 * ShownLosses) return;
        for (int i = 1; i <= ShownLosses; i++) points.RemoveAt(i);
    }

    private static Text Row(string text, int width) => new(text.Length <= width ? text : text[..width]);

    /// <summary>Texts side by side, as many in a row as there is room for.</summary>
    private static IEnumerable<string> Packed(IEnumerable<string> texts, int width)
    {
        const string Gap = "   ";
        string row = "";
        foreach (string text in texts)
        {
            if (row.Length > 0 && row.Length + Gap.Length + text.Length > width)
            {
                yield return row;
                row = "";
            }
            row += (row.Length > 0 ? Gap : "") + text;
        }
        if (row.Length > 0) yield return row;
    }

    private Text Position(int width, double elapsed)
    {
        string position = $"step {_step:N0} of {config.Training.Steps:N0}, {100.0 * _step / config.Training.Steps:0} %";
        string left = _last is { } m ? $", {TimeText.Of(Left(m))} left" : "";
        string whole = $"{position}   {TimeText.Of(elapsed)} so far{left}";
        return Row(whole.Length <= width ? whole : position + left, width);
    }

    private double Left(StepMetrics m) => (config.Training.Steps - _step) * (m.Tokens / (double)m.Step) / m.TokensPerSecond;

    private Markup Bar(int width)
    {
        int cells = Math.Clamp((int)(_step * width / Math.Max(1, config.Training.Steps)), 0, width);
        (char done, char open) = unicode ? ('━', '━') : ('#', '-');
        return new Markup($"[blue]{new string(done, cells)}[/][grey42]{new string(open, width - cells)}[/]");
    }

    private IEnumerable<IRenderable> Losses(int width, bool narrow)
    {
        string train = _last is null ? "" : $"{_last.TrainLoss:0.0000}", validation = _evaluation is null ? "" : $"{_evaluation.Result.Loss:0.0000}";
        string smoothed = _weight > 0 ? $"smoothed {_smoothed / _weight:0.0000}" : "";
        string best = _best is { } b ? $"best {b.Loss:0.0000} at step {b.Step:N0}" : "";
        const int Label = 12, Value = 9;
        int room = Math.Max(0, narrow ? width - Label - Value : Math.Min(60, width - Label - Value - 28));
        yield return Line("train loss", train, "yellow", Curve(_losses), smoothed);
        yield return Line("val loss", validation, "green", Curve(_validation), best);

        IRenderable Line(string label, string value, string colour, string curve, string note) => new Markup(
            $"{label,-Label}[bold]{value,-Value}[/][{colour}]{curve}[/]{(narrow || note.Length == 0 ? "" : new string(' ', room - curve.Length + 2) + note)}") { Overflow = Overflow.Crop };

        // Losses fall fast at first and slowly then: their logarithms show both.
        string Curve(List<(double X, double Y)> points) => Sparkline.Of(points.Where(p => p.Y > 0).Select(p => (p.X, Math.Log(p.Y))), room, Math.Max(1, _step), unicode);
    }

    private IEnumerable<string> Facts()
    {
        if (_last is not { } m) yield break;
        yield return $"rate {m.LearningRate:0.0e-0}";
        yield return $"gradient norm {m.GradientNorm:0.00}";
        yield return $"{m.TokensPerSecond:N0} tokens/s";
        if (m.ModelFlopsUtilization is { } mfu) yield return $"{100 * mfu:0} % of {facts.PeakFlops / 1e9:N0} GFLOP/s";
        if (m.SkippedUpdates > 0) yield return $"{m.SkippedUpdates:N0} skipped";
    }

    private IEnumerable<string> Memory()
    {
        if (_last is { } m) yield return $"memory {m.ResidentBytes / 1e9:0.0} GB";
        if (_last?.DeviceBytes is { } card) yield return $"card {card / 1e9:0.0}{Of(facts.DeviceMemoryBytes)} GB";
        yield return _saved is { } step ? $"saved at step {step:N0}" : "nothing saved yet";
    }

    private static string Of(long? bytes) => bytes is { } all ? $" of {all / 1e9:0.0}" : "";

    private IEnumerable<IRenderable> Sample(string sample, int width, int rows)
    {
        if (rows < 2) yield break;
        string title = $"at step {_evaluation!.Step:N0} it writes ";
        yield return new Markup($"[grey58]{title}{new string(unicode ? '─' : '-', Math.Max(0, width - title.Length))}[/]") { Overflow = Overflow.Crop };
        var lines = Segment.SplitLines(((IRenderable)new Text(Plain(sample))).Render(Options(), width), width);
        foreach (SegmentLine line in lines.Take(rows - 1)) yield return new Text(string.Concat(line.Select(s => s.Text)).TrimEnd('\n'));

        // A terminal must not obey what a model writes.
        static string Plain(string text) => string.Concat(text.Trim().ReplaceLineEndings("\n").Select(c => char.IsControl(c) && c != '\n' ? ' ' : c));

        static RenderOptions Options() => RenderOptions.Create(AnsiConsole.Console, AnsiConsole.Console.Profile.Capabilities);
    }
}

/// <summary>What a view shows beside the measurements.</summary>
/// <param name="PeakFlops">The device's measured peak.</param>
/// <param name="DeviceMemoryBytes">The memory of the GPU; null on a CPU.</param>
internal sealed record RunFacts(double PeakFlops, long? DeviceMemoryBytes);
