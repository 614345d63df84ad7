using TorchLm.Core.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>MPI between processes whose tensors lie on a CPU: Open MPI, or MPICH and its relatives.</summary>
/// <remarks>
/// <para>All operations run on one thread in the order in which they are called, which is the same on all ranks, so that those that were begun and
/// those that are waited for at once cannot overtake one another. A process opens MPI at most once, as MPI can be initialised only once.</para>
/// <para>That thread makes blocking calls. MPI's own way to go on meanwhile (MPI_Iallreduce) moves nothing unless some thread is within MPI, so a
/// thread that calls MPI_Test again and again is needed as well, and its algorithms for long messages are slower. Measured with 2 ranks of one
/// thread on two cores, computing about 4 times as long as the all-reduce beside it (Open MPI 4.1; MPICH 4.0 in brackets): 16 MB take 14.3 ms
/// (17.6) by MPI_Iallreduce and MPI_Test with pauses of 50 µs, and 13.6 ms (17.2) by the blocking call, where one after the other takes 12.9 ms
/// (17.0); of 64 MB it is 142 (137), 129 (134) and 127 ms (133). Nothing is hidden there, as the two cores compute; a core of its own is what this
/// thread needs for that. While it waits for a rank that comes late, it keeps a core busy; Open MPI gives way where it knows of more processes than
/// cores, or is told to (OMPI_MCA_mpi_yield_when_idle=1).</para>
/// </remarks>
public sealed unsafe class MpiCollective : ICollective
{
    private static int s_opened;

    private readonly CommunicationThread _thread = new("torchlm MPI");
    private readonly MpiCommunicator _mpi;
    private MpiWatch? _watch;
    private long _arrived; // operations that were begun
    private bool _isBroken, _isDisposed;

    /// <summary>Loads and initialises MPI. All processes of the job do so together.</summary>
    /// <param name="launch">What the launcher told this process.</param>
    /// <exception cref="InputException">There is no MPI library, or one of another kind than the launcher's.</exception>
    /// <exception cref="CollectiveException">MPI reports an error.</exception>
    public MpiCollective(ProcessLaunch launch)
    {
        ArgumentNullException.ThrowIfNull(launch);
        if (Interlocked.Exchange(ref s_opened, 1) != 0) throw new InvalidOperationException("MPI can be opened only once in a process.");
        MpiLibrary library = MpiLibrary.Load(launch);
        MpiCommunicator? mpi = null;
        _thread.Post(() => mpi = new MpiCommunicator(library, launch)).Wait(null);
        (_mpi, Engine) = (mpi!, library.Name);
    }

    /// <inheritdoc/>
    public string Engine { get; }

    /// <inheritdoc/>
    public int Rank => _mpi.Rank;

    /// <inheritdoc/>
    public int WorldSize => _mpi.WorldSize;

    /// <inheritdoc/>
    public int LocalRank => _mpi.LocalRank;

    /// <inheritdoc/>
    public TimeSpan? Patience { get; set; }

    /// <summary>The most bytes that one call of MPI is given; less in checks of the division into pieces.</summary>
    internal long MostBytes { get => _mpi.MostBytes; set => _mpi.MostBytes = value; }

    /// <inheritdoc/>
    /// <exception cref="InputException">MPI has no such type (bfloat16).</exception>
    public void AllReduce(Tensor tensor) => BeginAllReduce(tensor).Wait();

    /// <inheritdoc/>
    /// <exception cref="InputException">MPI has no such type (bfloat16).</exception>
    public IPendingCollective BeginAllReduce(Tensor tensor)
    {
        CollectiveArguments.Check(tensor, DeviceType.CPU);
        MpiElement element = _mpi.Element(tensor.dtype);
        string name = CollectiveArguments.Name("all-reduce", tensor);
        byte* data = (byte*)Aten.Data(tensor);
        long count = tensor.numel();
        return Begin(() => _mpi.AllReduce(data, element, count, name), name, tensor);
    }

    /// <inheritdoc/>
    /// <exception cref="InputException">MPI has no such type (bfloat16).</exception>
    public void ReduceScatter(Tensor whole, Tensor own) => BeginReduceScatter(whole, own).Wait();

    /// <inheritdoc/>
    /// <exception cref="InputException">MPI has no such type (bfloat16).</exception>
    public IPendingCollective BeginReduceScatter(Tensor whole, Tensor own)
    {
        bool isInPlace = CollectiveArguments.IsInPlace(whole, own, DeviceType.CPU, Rank, WorldSize);
        MpiElement element = _mpi.Element(own.dtype);
        string name = CollectiveArguments.Name("reduce-scatter", whole);
        byte* from = (byte*)Aten.Data(whole), to = (byte*)Aten.Data(own);
        long count = own.numel();
        return Begin(() => _mpi.ReduceScatter(from, to, element, count, isInPlace, name), name, whole, own);
    }

    /// <inheritdoc/>
    public void AllGather(Tensor own, Tensor whole)
    {
        bool isInPlace = CollectiveArguments.IsInPlace(whole, own, DeviceType.CPU, Rank, WorldSize);
        string name = CollectiveArguments.Name("all-gather", whole);
        byte* from = (byte*)Aten.Data(own), to = (byte*)Aten.Data(whole);
        long bytes = CollectiveArguments.Length(own);
        Begin(() => _mpi.AllGather(from, to, bytes, isInPlace, name), name, own, whole).Wait();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        CollectiveArguments.Check(tensor, DeviceType.CPU);
        CollectiveArguments.CheckRoot(root, WorldSize);
        string name = CollectiveArguments.Name("broadcast", tensor);
        byte* data = (byte*)Aten.Data(tensor);
        long bytes = CollectiveArguments.Length(tensor);
        Begin(() => _mpi.Broadcast(data, bytes, root, name), name, tensor).Wait();
    }

    /// <inheritdoc/>
    public void Broadcast(byte[] bytes, int root)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        CollectiveArguments.CheckRoot(root, WorldSize);
        string name = $"broadcast of {bytes.Length:N0} bytes";
        Begin(() =>
        {
            fixed (byte* data = bytes) _mpi.Broadcast(data, bytes.Length, root, name);
        }, name).Wait();
    }

    /// <inheritdoc/>
    public void Barrier() => Begin(_mpi.Barrier, "barrier").Wait();

    /// <inheritdoc/>
    public void Watch(TimeSpan silence, Action<string> onLost) =>
        Begin(() => _watch = _mpi.Watch(silence, () => Interlocked.Read(ref _arrived), onLost), "begin of the watch").Wait();

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        _isBroken = true;
        _mpi.Abort(exitCode);
    }

    /// <summary>Leaves the job without waiting for the other ranks: MPI is not finalised, so the launcher ends them when this process ends.</summary>
    internal void Leave() => _isBroken = true;

    /// <summary>Finalises MPI, which waits for all ranks to do so; not after a failure, when they never would.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_isBroken) return; // the thread may be stuck in MPI for ever; it ends with the process
        try
        {
            if (_watch is not null)
            {
                Barrier();
                Begin(_watch.Dispose, "end of the watch").Wait();
            }
            Begin(_mpi.FinalizeMpi, "end of MPI").Wait();
        }
        finally
        {
            if (!_isBroken) _thread.Dispose();
        }
    }

    private Pending Begin(Action action, string operation, params Tensor[] tensors)
    {
        if (_isBroken) throw new CollectiveException(operation, Rank, "the job was given up before.");
        Interlocked.Increment(ref _arrived);
        return new Pending(this, _thread.Post(action), operation, tensors);
    }

    /// <summary>Work on the communication thread. It holds the tensors, whose memory MPI writes to, against the garbage collector.</summary>
    private sealed class Pending(MpiCollective owner, CommunicationThread.Work work, string operation, Tensor[] tensors) : IPendingCollective
    {
        public void Wait()
        {
            TimeSpan? patience = owner.Patience;
            bool isDone;
            try
            {
                isDone = work.Wait(patience);
            }
            catch (CollectiveException)
            {
                owner._isBroken = true; // the other ranks wait for this one now
                throw;
            }
            GC.KeepAlive(tensors);
            if (isDone) return;
            owner._isBroken = true;
            throw new CollectiveTimeoutException(operation, owner.Rank, patience!.Value, owner._watch?.Behind());
        }
    }
}
