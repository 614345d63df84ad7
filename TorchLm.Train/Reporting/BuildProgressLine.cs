using System.Diagnostics;
using TorchLm.Data.Building;

namespace TorchLm.Train.Reporting;

/// <summary>
/// How far the building of a data set is, how fast, and how long the phase will last: see <see cref="StatusLine"/>.
/// </summary>
internal sealed class BuildProgressLine : IProgress<BuildProgress>, IDisposable
{
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    private readonly StatusLine _line = new();
    private readonly Stopwatch _phaseWatch = new();
    private BuildPhase _phase;
    private BuildProgress _first;

    public void Report(BuildProgress value)
    {
        if (!_phaseWatch.IsRunning || value.Phase != _phase)
        {
            (_phase, _first) = (value.Phase, value);
            _phaseWatch.Restart();
        }
        _line.Show(Text(value));
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
        return done > 0 ? text + $", {TimeText.Of(seconds * (1 - value.Share!.Value) / done)} left" : text;
    }
}
