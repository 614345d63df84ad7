using System.Diagnostics;

namespace TorchLm.Train.Reporting;

/// <summary>How far something is, as a share of 1, and how long it will last.</summary>
internal sealed class ShareLine(string what) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    private readonly StatusLine _line = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    public void Report(double value)
    {
        string left = _watch.Elapsed > s_settled && value > 0 ? $", {TimeText.Of(_watch.Elapsed.TotalSeconds * (1 - value) / value)} left" : "";
        _line.Show($"{what}: {100 * value:0} %{left}");
    }

    public void Dispose() => _line.Clear();
}
