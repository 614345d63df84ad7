namespace TorchLm.Tests.Export;

/// <summary>Progress that is told at once, on the thread that makes it, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Reports : IProgress<double>
{
    public List<double> Values { get; } = [];

    public Action<double>? OnReport { get; init; }

    public void Report(double value)
    {
        Values.Add(value);
        OnReport?.Invoke(value);
    }
}
