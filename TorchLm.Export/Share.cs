namespace TorchLm.Export;

/// <summary>Progress in bytes as a share of the whole.</summary>
internal sealed class Share : IProgress<long>
{
    private readonly double _total;
    private readonly IProgress<double> _progress;

    private Share(long total, IProgress<double> progress) => (_total, _progress) = (Math.Max(1, total), progress);

    /// <summary>Bytes of <paramref name="total"/> in, shares out; null where nobody listens.</summary>
    public static Share? Of(long total, IProgress<double>? progress) => progress is null ? null : new Share(total, progress);

    /// <inheritdoc/>
    public void Report(long value) => _progress.Report(value / _total);
}
