using System.Runtime.InteropServices;

namespace TorchLm.Core.Distributed;

/// <summary>What the headers of MPI libraries make of MPI's names: the standard fixes functions, not the values that are passed to them.</summary>
/// <remarks>
/// <para>Open MPI (4 and 5): handles are pointers to exported objects (<c>ompi_mpi_comm_world</c>), MPI_IN_PLACE is (void*)1, MPI_STATUS_IGNORE is
/// null, MPI_COMM_TYPE_SHARED is 0.</para>
/// <para>MPICH (3 and 4) and all that share its ABI (Intel MPI, MVAPICH, Cray MPICH; Microsoft MPI in what is used here): handles are 32-bit
/// integers, MPI_IN_PLACE is (void*)-1, MPI_STATUS_IGNORE is (MPI_Status*)1, MPI_COMM_TYPE_SHARED is 1.</para>
/// <para>Both: MPI_SUCCESS is 0, MPI_THREAD_MULTIPLE is 3. An integer handle can be passed where a pointer is declared, as both travel in one
/// register; where a library writes one (a new communicator), it fills the lower half of a pointer that was 0 on these little-endian machines.</para>
/// </remarks>
internal sealed record MpiAbi
{
    /// <summary>MPI_THREAD_MULTIPLE: any thread may call at any time.</summary>
    public const int ThreadMultiple = 3;

    /// <summary>Room for an error's text; MPI_MAX_ERROR_STRING is 256 (Open MPI) or 512 (MPICH).</summary>
    public const int ErrorTextLength = 1024;

    /// <summary>Room for a library's description; MPI_MAX_LIBRARY_VERSION_STRING is 256 (Open MPI) or 8192 (MPICH).</summary>
    public const int VersionTextLength = 16384;

    public required nint World { get; init; }
    public required nint Float { get; init; }
    public required nint Double { get; init; }
    public required nint Int32 { get; init; }
    public required nint Int64 { get; init; }
    public required nint Byte { get; init; }
    public required nint Sum { get; init; }
    public required nint ErrorsReturn { get; init; }
    public required nint NoInfo { get; init; }
    public required nint InPlace { get; init; }
    public required nint StatusIgnore { get; init; }
    public required int SharedMemory { get; init; }

    /// <summary>MPICH's constants (its mpi.h).</summary>
    public static MpiAbi Mpich { get; } = new()
    {
        World = 0x44000000, Float = 0x4c00040a, Double = 0x4c00080b, Int32 = 0x4c000405, Int64 = 0x4c000809, Byte = 0x4c00010d, Sum = 0x58000003,
        ErrorsReturn = 0x54000001, NoInfo = 0x1c000000, InPlace = -1, StatusIgnore = 1, SharedMemory = 1,
    };

    /// <summary>Open MPI's objects; null where a library is not Open MPI.</summary>
    public static MpiAbi? OpenMpi(nint library) => !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world) ? null : new MpiAbi
    {
        World = world,
        Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
        Double = NativeLibrary.GetExport(library, "ompi_mpi_double"),
        Int32 = NativeLibrary.GetExport(library, "ompi_mpi_int"),
        Int64 = NativeLibrary.GetExport(library, "ompi_mpi_long_long_int"),
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
        Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
        ErrorsReturn = NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
        NoInfo = NativeLibrary.GetExport(library, "ompi_mpi_info_null"),
        InPlace = 1, StatusIgnore = 0, SharedMemory = 0,
    };
}
