using System.Runtime.InteropServices;
using TorchLm.Core.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>NCCL between processes that have one GPU each. It has not been run yet: no machine with two GPUs was at hand.</summary>
/// <remarks>
/// Operations are put on a stream of their own behind what libtorch has been given so far, and the host goes on; a wait lets libtorch's later work
/// start behind them. So tensors may be disposed after the wait, although the device is not done: libtorch gives their memory only to later work.
/// </remarks>
public sealed unsafe class NcclCollective : ICollective
{
    private const string AddressVariable = "NCCL_COMM_ID";

    private readonly NcclLibrary _nccl = new();
    private readonly MpiCollective? _mpi;
    private readonly CudaStream _stream;
    private readonly Device _device;
    private nint _communicator;

    /// <summary>Joins the job's processes, which MPI has introduced to one another.</summary>
    /// <param name="mpi">Carries the id; it is disposed together with this.</param>
    /// <param name="device">The GPU's number.</param>
    /// <exception cref="InputException">NCCL is not installed.</exception>
    public NcclCollective(MpiCollective mpi, int device)
        : this((mpi ?? throw new ArgumentNullException(nameof(mpi))).Rank, mpi.WorldSize, mpi.LocalRank, device)
    {
        _mpi = mpi;
        byte[] bytes = new byte[NcclId.Length];
        if (Rank == 0) MemoryMarshal.Cast<NcclId, byte>([NewId()]).CopyTo(bytes);
        mpi.Broadcast(bytes, 0);
        Join(MemoryMarshal.Read<NcclId>(bytes));
    }

    /// <summary>Joins processes that know the address of rank 0 alone: NCCL makes the same id of it in each, and rank 0 listens there.</summary>
    /// <param name="launch">What torchrun's convention says.</param>
    /// <param name="device">The GPU's number.</param>
    /// <exception cref="InputException">NCCL is not installed.</exception>
    public NcclCollective(ProcessLaunch launch, int device)
        : this((launch ?? throw new ArgumentNullException(nameof(launch))).Rank, launch.WorldSize, launch.LocalRank ?? 0, device)
    {
        NativeEnvironment.SetDefault(AddressVariable, launch.Master!);
        Join(NewId());
    }

    private NcclCollective(int rank, int worldSize, int localRank, int device)
    {
        (Rank, WorldSize, LocalRank) = (rank, worldSize, localRank);
        _device = new Device(DeviceType.CUDA, device);
        _stream = new CudaStream(device);
    }

    /// <inheritdoc/>
    public string Engine => _nccl.Name;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int WorldSize { get; }

    /// <inheritdoc/>
    public int LocalRank { get; }

    /// <summary>How long the host waits for the device; null (the default) does not let it wait at all.</summary>
    public TimeSpan? Patience { get; set; }

    /// <inheritdoc/>
    public void AllReduce(Tensor tensor) => BeginAllReduce(tensor).Wait();

    /// <inheritdoc/>
    public IPendingCollective BeginAllReduce(Tensor tensor)
    {
        CollectiveArguments.Check(tensor, DeviceType.CUDA);
        void* data = Aten.Data(tensor);
        return Begin(CollectiveArguments.Name("all-reduce", tensor),
            () => _nccl.AllReduce(data, data, (nuint)tensor.numel(), NcclLibrary.Type(tensor.dtype), NcclLibrary.Sum, _communicator, _stream.Handle));
    }

    /// <inheritdoc/>
    public void ReduceScatter(Tensor whole, Tensor own) => BeginReduceScatter(whole, own).Wait();

    /// <inheritdoc/>
    public IPendingCollective BeginReduceScatter(Tensor whole, Tensor own)
    {
        CollectiveArguments.IsInPlace(whole, own, DeviceType.CUDA, Rank, WorldSize);
        void* from = Aten.Data(whole), to = Aten.Data(own);
        return Begin(CollectiveArguments.Name("reduce-scatter", whole),
            () => _nccl.ReduceScatter(from, to, (nuint)own.numel(), NcclLibrary.Type(own.dtype), NcclLibrary.Sum, _communicator, _stream.Handle));
    }

    /// <inheritdoc/>
    public void AllGather(Tensor own, Tensor whole)
    {
        CollectiveArguments.IsInPlace(whole, own, DeviceType.CUDA, Rank, WorldSize);
        void* from = Aten.Data(own), to = Aten.Data(whole);
        Begin(CollectiveArguments.Name("all-gather", whole),
            () => _nccl.AllGather(from, to, (nuint)own.numel(), NcclLibrary.Type(own.dtype), _communicator, _stream.Handle)).Wait();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        CollectiveArguments.Check(tensor, DeviceType.CUDA);
        BroadcastBytes(tensor, root);
    }

    /// <inheritdoc/>
    public void Broadcast(byte[] bytes, int root)
    {
        using var scope = NewDisposeScope();
        Tensor copy = tensor(bytes).to(_device);
        BroadcastBytes(copy, root);
        copy.cpu().bytes.CopyTo(bytes);
    }

    /// <summary>MPI's watch where MPI has introduced the processes; else nothing.</summary>
    /// <inheritdoc cref="ICollective.Watch"/>
    public void Watch(TimeSpan silence, Action<string> onLost) => _mpi?.Watch(silence, onLost);

    /// <inheritdoc/>
    public void Barrier()
    {
        using var scope = NewDisposeScope();
        Tensor one = ones([1], device: _device);
        AllReduce(one);
        one.cpu(); // waits for the device
    }

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        Leave(_nccl.Abort);
        _mpi?.Abort(exitCode);
    }

    /// <summary>Leaves the job in order.</summary>
    public void Dispose()
    {
        Leave(_nccl.Destroy);
        _stream.Dispose();
        _mpi?.Dispose();
    }

    private void BroadcastBytes(Tensor tensor, int root)
    {
        CollectiveArguments.CheckRoot(root, WorldSize);
        void* data = Aten.Data(tensor);
        nuint bytes = (nuint)CollectiveArguments.Length(tensor);
        Begin(CollectiveArguments.Name("broadcast", tensor),
            () => _nccl.Broadcast(data, data, bytes, NcclLibrary.UInt8, root, _communicator, _stream.Handle)).Wait();
    }

    private NcclId NewId()
    {
        NcclId id;
        Check(_nccl.GetUniqueId(&id), "making of an id");
        return id;
    }

    private void Join(NcclId id)
    {
        nint communicator = 0;
        using CudaStream.Current current = _stream.MakeCurrent();
        Check(_nccl.InitRank(&communicator, WorldSize, id, Rank), "start of NCCL");
        _communicator = communicator;
    }

    private void Leave(delegate* unmanaged[Cdecl]<nint, int> function)
    {
        if (_communicator == 0) return;
        using CudaStream.Current current = _stream.MakeCurrent();
        _ = function(_communicator);
        _communicator = 0;
    }

    private Pending Begin(string operation, Func<int> start)
    {
        if (_communicator == 0) throw new CollectiveException(operation, Rank, "the job was given up before.");
        _stream.FollowCompute();
        using (_stream.MakeCurrent()) Check(start(), operation);
        return new Pending(this, operation, _stream.Mark());
    }

    private void Check(int code, string operation)
    {
        if (code is not (0 or NcclLibrary.InProgress)) throw new CollectiveException(operation, Rank, _nccl.Text(code));
    }

    private void CheckAsync(string operation)
    {
        int code = 0;
        Check(_nccl.AsyncError(_communicator, &code), operation);
        Check(code, operation);
    }

    /// <summary>An operation on the stream, up to an event.</summary>
    private sealed class Pending(NcclCollective owner, string operation, nint mark) : IPendingCollective
    {
        private bool _isDone;

        public void Wait()
        {
            if (_isDone) return;
            _isDone = true;
            try
            {
                if (owner.Patience is { } patience) WaitOnHost(patience);
                else owner.CheckAsync(operation);
                owner._stream.LetComputeFollow(mark);
            }
            finally
            {
                owner._stream.Destroy(mark);
            }
        }

        private void WaitOnHost(TimeSpan patience)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (!owner._stream.IsReached(mark))
            {
                owner.CheckAsync(operation);
                if (clock.Elapsed > patience) throw new CollectiveTimeoutException(operation, owner.Rank, patience);
                Thread.Yield();
            }
        }
    }
}
