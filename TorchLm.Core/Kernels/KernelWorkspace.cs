namespace TorchLm.Core.Kernels;

/// <summary>Memory that a kernel's thread works in. It is kept from call to call, as large as the largest request of that thread.</summary>
internal unsafe ref struct KernelWorkspace
{
    private const int FloatsPerLine = 16;

    // A pinned array rather than native memory: the collector takes it back when its thread is gone.
    [ThreadStatic]
    private static float[]? t_memory;

    private float* _next;

    /// <summary>Takes the calling thread's memory, which any earlier workspace of this thread then shares.</summary>
    /// <param name="floats">How many the calls of <see cref="Take"/> will ask for, each rounded up to a multiple of 16.</param>
    public KernelWorkspace(long floats)
    {
        if (t_memory is null || t_memory.Length < floats + FloatsPerLine)
        {
            t_memory = GC.AllocateUninitializedArray<float>(checked((int)(floats + FloatsPerLine)), pinned: true);
        }
        fixed (float* start = t_memory) _next = (float*)(((nint)start + 63) & ~63);
    }

    /// <summary>The next <paramref name="floats"/>, on a cache line of their own, with any content.</summary>
    public float* Take(long floats)
    {
        float* taken = _next;
        _next += (floats + FloatsPerLine - 1) / FloatsPerLine * FloatsPerLine;
        return taken;
    }
}
