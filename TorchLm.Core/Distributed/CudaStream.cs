using System.Runtime.InteropServices;

namespace TorchLm.Core.Distributed;

/// <summary>A stream of one device's own for communication, and its order against the stream that libtorch computes on (CUDA driver API).</summary>
/// <remarks>
/// TorchSharp has no streams, so libtorch computes on its default one, which is CUDA's legacy default stream: null. The own stream is made
/// non-blocking, as it would wait for that one at every call otherwise. A CUstream is the cudaStream_t of NCCL's interface, and the driver's library
/// has one name everywhere, while libtorch brings a CUDA runtime under a name with a hash. All calls stand between a push and a pop of the device's
/// primary context, the one that libtorch and NCCL use.
/// </remarks>
internal sealed unsafe class CudaStream : IDisposable
{
    private const int NonBlocking = 1, DisableTiming = 2, NotReady = 600;
    private const nint ComputeStream = 0;

    private readonly nint _driver = NativeLibrary.Load(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1");
    private readonly delegate* unmanaged<nint, nint, int> _record;
    private readonly delegate* unmanaged<nint, nint, uint, int> _streamWait;
    private readonly delegate* unmanaged<nint, int> _push;
    private readonly delegate* unmanaged<nint*, int> _pop;
    private readonly delegate* unmanaged<nint*, uint, int> _createEvent;
    private readonly delegate* unmanaged<nint, int> _queryEvent, _destroyEvent, _destroyStream;
    private readonly delegate* unmanaged<int, int> _releaseContext;
    private readonly int _device;
    private readonly nint _context;

    public CudaStream(int index)
    {
        _record = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(_driver, "cuEventRecord");
        _streamWait = (delegate* unmanaged<nint, nint, uint, int>)NativeLibrary.GetExport(_driver, "cuStreamWaitEvent");
        _push = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_driver, "cuCtxPushCurrent_v2");
        _pop = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(_driver, "cuCtxPopCurrent_v2");
        _createEvent = (delegate* unmanaged<nint*, uint, int>)NativeLibrary.GetExport(_driver, "cuEventCreate");
        _queryEvent = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_driver, "cuEventQuery");
        _destroyEvent = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_driver, "cuEventDestroy_v2");
        _destroyStream = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_driver, "cuStreamDestroy_v2");
        _releaseContext = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(_driver, "cuDevicePrimaryCtxRelease_v2");
        var initialize = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(_driver, "cuInit");
        var getDevice = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(_driver, "cuDeviceGet");
        var retainContext = (delegate* unmanaged<nint*, int, int>)NativeLibrary.GetExport(_driver, "cuDevicePrimaryCtxRetain");
        var create = (delegate* unmanaged<nint*, uint, int>)NativeLibrary.GetExport(_driver, "cuStreamCreate");
        int device = 0;
        nint context = 0, stream = 0;
        Check(initialize(0), "cuInit");
        Check(getDevice(&device, index), "cuDeviceGet");
        Check(retainContext(&context, device), "cuDevicePrimaryCtxRetain");
        (_device, _context) = (device, context);
        using (MakeCurrent()) Check(create(&stream, NonBlocking), "cuStreamCreate");
        Handle = stream;
    }

    /// <summary>The CUstream, which is a cudaStream_t.</summary>
    public nint Handle { get; }

    /// <summary>Makes the device the current one until the result is disposed.</summary>
    public Current MakeCurrent()
    {
        Check(_push(_context), "cuCtxPushCurrent");
        return new Current(this);
    }

    /// <summary>What comes on this stream from now on starts after what libtorch has been given so far.</summary>
    public void FollowCompute()
    {
        nint mark = 0;
        using Current current = MakeCurrent();
        Check(_createEvent(&mark, DisableTiming), "cuEventCreate");
        int error = _record(mark, ComputeStream);
        if (error == 0) error = _streamWait(Handle, mark, 0);
        _ = _destroyEvent(mark);
        Check(error, "cuStreamWaitEvent");
    }

    /// <summary>An event behind what this stream has been given so far; the caller destroys it.</summary>
    public nint Mark()
    {
        nint mark = 0;
        using Current current = MakeCurrent();
        Check(_createEvent(&mark, DisableTiming), "cuEventCreate");
        Check(_record(mark, Handle), "cuEventRecord");
        return mark;
    }

    /// <summary>What libtorch is given from now on starts after the event.</summary>
    public void LetComputeFollow(nint mark)
    {
        using Current current = MakeCurrent();
        Check(_streamWait(ComputeStream, mark, 0), "cuStreamWaitEvent");
    }

    /// <summary>Whether the device has come to the event.</summary>
    public bool IsReached(nint mark)
    {
        using Current current = MakeCurrent();
        int status = _queryEvent(mark);
        if (status != NotReady) Check(status, "cuEventQuery");
        return status != NotReady;
    }

    /// <summary>Destroys an event; the device keeps what it needs of it.</summary>
    public void Destroy(nint mark)
    {
        using Current current = MakeCurrent();
        _ = _destroyEvent(mark);
    }

    /// <summary>Destroys the stream; the device finishes what is on it.</summary>
    public void Dispose()
    {
        using (MakeCurrent()) _ = _destroyStream(Handle);
        _ = _releaseContext(_device);
    }

    private static void Check(int error, string function)
    {
        if (error != 0) throw new InvalidOperationException($"{function} failed with error {error} (CUresult).");
    }

    /// <summary>The time in which the device is the current one.</summary>
    public readonly ref struct Current(CudaStream owner) : IDisposable
    {
        /// <summary>Makes the one from before current again.</summary>
        public void Dispose()
        {
            nint popped = 0;
            _ = owner._pop(&popped);
        }
    }
}
