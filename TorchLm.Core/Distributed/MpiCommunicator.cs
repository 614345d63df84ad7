using System.Runtime.InteropServices;

namespace TorchLm.Core.Distributed;

/// <summary>
/// A job's processes as MPI knows them, and operations on memory. Counts are 32-bit in MPI, so long memory goes in pieces. It is called from one
/// thread, but for <see cref="Abort"/>.
/// </summary>
internal sealed unsafe class MpiCommunicator
{
    /// <summary>The memory that parts are copied together in.</summary>
    private const long PackedBytes = 1L << 26;

    private readonly MpiFunctions _mpi;
    private readonly MpiAbi _abi;
    private readonly nint _all;

    /// <summary>Initialises MPI.</summary>
    /// <exception cref="InputException">The library allows fewer threads, or knows of other processes than the launcher started.</exception>
    /// <exception cref="CollectiveException">MPI reports an error.</exception>
    public MpiCommunicator(MpiLibrary library, ProcessLaunch launch)
    {
        (_mpi, _abi, Rank) = (new MpiFunctions(library.Handle), library.Abi, launch.Rank);
        int threads = 0, rank = 0, size = 0, local = 0;
        Check(_mpi.InitThread(null, null, MpiAbi.ThreadMultiple, &threads), "start of MPI");
        if (threads < MpiAbi.ThreadMultiple)
        {
            throw new InputException(
                $"{library.Name} ({library.Path}) was built without MPI_THREAD_MULTIPLE, which torchlm needs: take a build that has it.");
        }
        nint all = 0, machine = 0;
        Check(_mpi.SetErrorHandler(_abi.World, _abi.ErrorsReturn), "MPI_Comm_set_errhandler");
        Check(_mpi.Duplicate(_abi.World, &all), "MPI_Comm_dup"); // not to be confused with what else uses MPI here; the error handler goes with it
        Check(_mpi.Rank(all, &rank), "MPI_Comm_rank");
        Check(_mpi.Size(all, &size), "MPI_Comm_size");
        if (size != launch.WorldSize)
        {
            throw new InputException($"The launcher started {launch.WorldSize} processes, but {library.Name} ({library.Path}) sees {size}, so they " +
                $"belong to different kinds of MPI: start with the mpirun of {library.Name} (srun: with --mpi=pmix or pmi2), " +
                $"or set {CollectiveEnvironment.LibraryVariable} to the launcher's library.");
        }
        Check(_mpi.SplitByKind(all, _abi.SharedMemory, rank, _abi.NoInfo, &machine), "MPI_Comm_split_type");
        Check(_mpi.Rank(machine, &local), "MPI_Comm_rank");
        Check(_mpi.Free(&machine), "MPI_Comm_free");
        (_all, Rank, WorldSize, LocalRank) = (all, rank, size, local);
    }

    public int Rank { get; }

    public int WorldSize { get; }

    public int LocalRank { get; }

    /// <summary>Begins to watch the ranks; all do so together.</summary>
    /// <param name="silence">A rank that is not heard of for so long is lost.</param>
    /// <param name="arrived">Operations that this rank has come to.</param>
    /// <param name="onLost">Told a sentence when one is lost.</param>
    public MpiWatch Watch(TimeSpan silence, Func<long> arrived, Action<string> onLost) => new(_mpi, _abi, _all, silence, arrived, onLost);

    /// <summary>The most bytes that one call is given; less in checks of the division into pieces.</summary>
    public long MostBytes { get; set; } = 1L << 30;

    /// <summary>Sums in place.</summary>
    public void AllReduce(byte* data, MpiElement element, long count, string operation)
    {
        foreach ((long start, int length) in Pieces(count, element.Size))
        {
            Check(_mpi.AllReduce((void*)_abi.InPlace, data + (start * element.Size), length, element.Type, _abi.Sum, _all), operation);
        }
    }

    /// <summary>Sums, of which this rank's part goes to <paramref name="own"/>.</summary>
    /// <remarks>
    /// What is too long for one call is copied together piece by piece, as a piece of each rank's part must lie behind the one of the rank before.
    /// (One MPI_Reduce for each rank would need no copy, but MPICH 4.0.2's crashes where a root other than 0 takes the sum in place.)
    /// </remarks>
    public void ReduceScatter(byte* whole, byte* own, MpiElement element, long count, bool isInPlace, string operation)
    {
        long bytes = count * element.Size, most = Math.Max(1, MostBytes / WorldSize / element.Size);
        if (count <= most && !isInPlace)
        {
            Check(_mpi.ReduceScatter(whole, own, (int)count, element.Type, _abi.Sum, _all), operation);
            return;
        }
        int longest = (int)Math.Min(count, Math.Min(most, Math.Max(1, PackedBytes / WorldSize / element.Size)));
        byte* packed = (byte*)NativeMemory.Alloc((nuint)((long)longest * element.Size * WorldSize));
        try
        {
            for (long start = 0; start < count; start += longest)
            {
                int length = (int)Math.Min(longest, count - start);
                long offset = start * element.Size, size = (long)length * element.Size;
                for (int rank = 0; rank < WorldSize; rank++) Buffer.MemoryCopy(whole + (rank * bytes) + offset, packed + (rank * size), size, size);
                Check(_mpi.ReduceScatter(packed, own + offset, length, element.Type, _abi.Sum, _all), operation);
            }
        }
        finally
        {
            NativeMemory.Free(packed);
        }
    }

    /// <summary>Gathers <paramref name="bytes"/> of each rank.</summary>
    public void AllGather(byte* own, byte* whole, long bytes, bool isInPlace, string operation)
    {
        if (bytes * WorldSize <= MostBytes)
        {
            Check(_mpi.AllGather(isInPlace ? (void*)_abi.InPlace : own, (int)bytes, _abi.Byte, whole, (int)bytes, _abi.Byte, _all), operation);
            return;
        }
        if (!isInPlace) Buffer.MemoryCopy(own, whole + (Rank * bytes), bytes, bytes);
        for (int root = 0; root < WorldSize; root++) Broadcast(whole + (root * bytes), bytes, root, operation);
    }

    /// <summary>Copies one rank's bytes to the others.</summary>
    public void Broadcast(byte* data, long bytes, int root, string operation)
    {
        foreach ((long start, int length) in Pieces(bytes, 1)) Check(_mpi.Broadcast(data + start, length, _abi.Byte, root, _all), operation);
    }

    public void Barrier() => Check(_mpi.Barrier(_all), "barrier");

    /// <summary>Ends MPI; waits for the other ranks to do the same.</summary>
    public void FinalizeMpi()
    {
        nint all = _all;
        Check(_mpi.Free(&all), "MPI_Comm_free");
        Check(_mpi.Finalize(), "MPI_Finalize");
    }

    /// <summary>
    /// Ends all ranks, this one too. It may be called while the communication thread is within MPI: that is what MPI_THREAD_MULTIPLE is for.
    /// </summary>
    public void Abort(int exitCode) => _mpi.Abort(_abi.World, exitCode);

    /// <summary>How MPI names a type of tensor that it adds.</summary>
    public MpiElement Element(TorchSharp.torch.ScalarType type) => type switch
    {
        TorchSharp.torch.ScalarType.Float32 => new MpiElement(_abi.Float, 4),
        TorchSharp.torch.ScalarType.Float64 => new MpiElement(_abi.Double, 8),
        TorchSharp.torch.ScalarType.Int32 => new MpiElement(_abi.Int32, 4),
        TorchSharp.torch.ScalarType.Int64 => new MpiElement(_abi.Int64, 8),
        _ => throw new InputException($"MPI does not add numbers of type {type}: let the processes exchange float32 (training.precision=fp32)."),
    };

    private IEnumerable<(long Start, int Length)> Pieces(long count, int size)
    {
        long most = Math.Max(1, MostBytes / size);
        for (long start = 0; start < count; start += most) yield return (start, (int)Math.Min(most, count - start));
    }

    private void Check(int error, string operation)
    {
        if (error != 0) throw new CollectiveException(operation, Rank, _mpi.Text(error));
    }
}

/// <summary>A type of MPI's.</summary>
/// <param name="Type">Its handle.</param>
/// <param name="Size">Bytes of an element.</param>
internal readonly record struct MpiElement(nint Type, int Size);
