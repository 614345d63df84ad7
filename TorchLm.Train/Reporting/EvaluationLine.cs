namespace TorchLm.Train.Reporting;

/// <summary>How far the evaluation of a split is.</summary>
internal sealed class EvaluationLine(long splitTokens) : IProgress<long>, IDisposable
{
    private readonly ShareLine _line = new("Evaluating");

    public void Report(long value) => _line.Report((double)value / Math.Max(1, splitTokens));

    public void Dispose() => _line.Dispose();
}
