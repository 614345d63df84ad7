using System.Diagnostics;
using System.Globalization;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Train.Reporting;

/// <summary>
/// A run's progress on standard error: a line for each evaluation, which stays, and below them on a terminal a view of the run that is alive; elsewhere a
/// line a minute and the beginning of what the model writes.
/// </summary>
internal sealed class ConsoleProgress : ITrainingObserver, IDisposable
{
    private const int GlimpseLength = 100;

    private static readonly TimeSpan s_repaint = TimeSpan.FromMilliseconds(250), s_plainInterval = TimeSpan.FromMinutes(1);

    private readonly RunConfig _config;
    private readonly Stopwatch _watch = Stopwatch.StartNew(), _sinceLine = Stopwatch.StartNew();
    private readonly TrainingView _view;
    private readonly Lock _lock = new();
    private readonly LiveRegion? _region;
    private readonly Timer? _timer;
    private StepMetrics? _last;

    /// <summary>Begins to show a run.</summary>
    public ConsoleProgress(RunConfig config, RunFacts facts)
    {
        _config = config;
        _view = new TrainingView(config, facts, LiveRegion.HasUnicode);
        if (!Terminal.IsLive || !Terminal.ObeysEscapes()) return;
        _region = new LiveRegion(Console.Error, Terminal.Size);
        _timer = new Timer(_ => Paint(), null, s_repaint, s_repaint);
    }

    public void OnUpdate(long step)
    {
        lock (_lock) _view.Update(step);
    }

    public void OnStep(StepMetrics metrics)
    {
        _last = metrics;
        lock (_lock) _view.Add(metrics);
        if (_region is null && _sinceLine.Elapsed >= s_plainInterval) WriteLine(Progress(metrics));
    }

    public void OnEvaluation(EvaluationMetrics metrics, Gpt model)
    {
        lock (_lock) _view.Add(metrics);
        string validation = $"val loss {metrics.Result.Loss:0.0000}{EvaluationText.BitsPerByte(metrics.Result)}{(metrics.IsBest ? "" : " (not better)")}";
        string train = _last is null || _last.Step != metrics.Step ? "" : _region is null ? Progress(_last)[Position(metrics.Step).Length..] : $"  train loss {_last.TrainLoss:0.0000}";
        WriteLine($"{Position(metrics.Step)}{train}  {validation}");
        if (_region is null && metrics.Sample is { } sample) Console.Error.WriteLine("         " + Glimpse(sample));
    }

    public void OnCheckpoint(long step, string path)
    {
        lock (_lock) _view.Saved(step);
    }

    public void OnIncident(TrainingIncident incident) => Say(incident.Message);

    /// <summary>A sentence on a line of its own.</summary>
    public void Say(string sentence) => WriteLine(Program.OneLine(sentence));

    public void Dispose()
    {
        _timer?.Dispose();
        _region?.Dispose();
    }

    private void Paint() => _region!.Show((width, height) =>
    {
        lock (_lock) return _view.Render(width, height, _watch.Elapsed.TotalSeconds);
    });

    private void WriteLine(string line)
    {
        _sinceLine.Restart();
        if (_region is null) Console.Error.WriteLine(line);
        else _region.WriteLine(line);
    }

    private string Progress(StepMetrics m)
    {
        double left = (_config.Training.Steps - m.Step) * (m.Tokens / (double)m.Step) / m.TokensPerSecond;
        string utilization = m.ModelFlopsUtilization is { } mfu ? $" ({100 * mfu:0} % of peak)" : "";
        string ranks = m.Speeds is { } s ? $"  ranks {s.SlowestTokensPerSecond:N0} to {s.FastestTokensPerSecond:N0}" : "";
        return $"{Position(m.Step)}  train loss {m.TrainLoss:0.0000}  {m.TokensPerSecond:N0} tokens/s{utilization}{ranks}  {TimeText.Of(left)} left";
    }

    private string Position(long step)
    {
        string total = _config.Training.Steps.ToString("N0", CultureInfo.InvariantCulture);
        return $"step {step.ToString("N0", CultureInfo.InvariantCulture).PadLeft(total.Length)}/{total}";
    }

    /// <summary>The beginning of a text on one line.</summary>
    private static string Glimpse(string text)
    {
        string line = string.Concat(text.Trim().ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= GlimpseLength ? line : line[..GlimpseLength];
    }
}
