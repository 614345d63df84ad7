namespace TorchLm.Core.Devices;

/// <summary>
/// Watches how far this process's resident memory rises while it lives. It looks every 5 ms, which any system can do; the peak that the system
/// keeps itself can be set back on Linux alone, and would still tell of what was done before.
/// </summary>
internal sealed class PeakMemory : IDisposable
{
    private readonly Thread _watch;
    private volatile bool _ends;
    private long _highest = Environment.WorkingSet;

    public PeakMemory()
    {
        _watch = new Thread(() =>
        {
            while (!_ends)
            {
                Look();
                Thread.Sleep(5);
            }
        }) { IsBackground = true, Name = nameof(PeakMemory) };
        _watch.Start();
    }

    /// <summary>Ends the watch.</summary>
    /// <returns>The highest resident memory in bytes.</returns>
    public long Stop()
    {
        Dispose();
        Look();
        return _highest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ends = true;
        _watch.Join();
    }

    private void Look() => _highest = Math.Max(_highest, Environment.WorkingSet);
}
