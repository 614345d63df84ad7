using System.Diagnostics;
using TorchLm.Data.Building;

namespace TorchLm.Train.Reporting;

/// <summary>
/// How far the building of a data set is, how fast, and how long the phase will last: one line on a terminal; where the output is a file, a line a minute.
/// </summary>
internal sealed class BuildProgressLine : IProgress<BuildProgress>, IDisposable
{
    private static readonly TimeSpan s_plainInterval = TimeSpan.FromMinutes(1), s_settled = TimeSpan.FromSeconds(2);

    private readonly StatusLine _line = new();
    private readonly Stopwatch _phaseWatch = new(), _plainWatch = Stopwatch.StartNew();
    private BuildPhase _phase;
    private BuildProgress _first;

    public void Report(BuildProgress value)
    {
        if (!_phaseWatch.IsRunning || value.Phase != _phase)
        {
            (_phase, _first) = (value.Phase, value);
            _phaseWatch.Restart();
        }
        if (_line.IsLive) _line.Show(Text(value));
        else if (_plainWatch.Elapsed >= s_plainInterval)
        {
            _plainWatch.Restart();
            Console.Error.WriteLine(Text(value));
        }
    }

    public void Dispose() => _line.Clear();

    private string Text(BuildProgress value)
    {
        string what = value.Phase switch
        {
            BuildPhase.Reading => "Reading and cleaning",
            BuildPhase.Tokenizer => "Making the tokenizer",
            _ => "Encoding",
        };
        string text = $"{what}: {value.Bytes / 1e6:N1} MB";
        if (value.Share is { } share) text += $" ({100 * share:0} %)";
        double seconds = _phaseWatch.Elapsed.TotalSeconds;
        if (_phaseWatch.Elapsed < s_settled) return text;
        text += $", {(value.Bytes - _first.Bytes) / 1e6 / seconds:0.0} MB/s";
        if (value.Tokens > 0) text += $", {(value.Tokens - _first.Tokens) / seconds:N0} tokens/s";
        double done = (value.Share ?? 0) - (_first.Share ?? 0);
        return done > 0 ? text + $", {Remaining(seconds * (1 - value.Share!.Value) / done)} left" : text;
    }

    private static string Remaining(double seconds) =>
        seconds < 90 ? $"{Math.Ceiling(seconds):0} s" : seconds < 5400 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h";
}
