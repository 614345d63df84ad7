namespace TorchLm.Train.Reporting;

/// <summary>How far something is: one line on a terminal, nothing where the output is a file.</summary>
internal sealed class ShareLine(string what) : IProgress<double>, IDisposable
{
    private readonly StatusLine _line = new();

    public void Report(double value) => _line.Show($"{what}: {100 * value:0} %");

    public void Dispose() => _line.Clear();
}
