using System.Runtime.InteropServices;
using System.Text;

namespace TorchLm.Core.Distributed;

/// <summary>
/// The functions of MPI that are used. A handle (communicator, type, operation) is a <c>nint</c> whatever it is in the library, see
/// <see cref="MpiAbi"/>. Each returns 0 or an error's code, because communicators are told to (MPI_ERRORS_RETURN).
/// </summary>
internal sealed unsafe class MpiFunctions(nint library)
{
    // (int*, char***, int required, int* provided)
    public readonly delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int> InitThread =
        (delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int>)NativeLibrary.GetExport(library, "MPI_Init_thread");

    public readonly delegate* unmanaged[Cdecl]<int> Finalize = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "MPI_Finalize");

    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Abort =
        (delegate* unmanaged[Cdecl]<nint, int, int>)NativeLibrary.GetExport(library, "MPI_Abort");

    public readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> ErrorString =
        (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)NativeLibrary.GetExport(library, "MPI_Error_string");

    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> SetErrorHandler =
        (delegate* unmanaged[Cdecl]<nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Comm_set_errhandler");

    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> Duplicate =
        (delegate* unmanaged[Cdecl]<nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Comm_dup");

    // (communicator, kind, key, info, new communicator)
    public readonly delegate* unmanaged[Cdecl]<nint, int, int, nint, nint*, int> SplitByKind =
        (delegate* unmanaged[Cdecl]<nint, int, int, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Comm_split_type");

    public readonly delegate* unmanaged[Cdecl]<nint*, int> Free =
        (delegate* unmanaged[Cdecl]<nint*, int>)NativeLibrary.GetExport(library, "MPI_Comm_free");

    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> Rank =
        (delegate* unmanaged[Cdecl]<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_rank");

    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> Size =
        (delegate* unmanaged[Cdecl]<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_size");

    public readonly delegate* unmanaged[Cdecl]<nint, int> Barrier =
        (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "MPI_Barrier");

    // (from, to, count, type, operation, communicator)
    public readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int> AllReduce =
        (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Allreduce");

    // (from, to, count of one part, type, operation, communicator)
    public readonly delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int> ReduceScatter =
        (delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Reduce_scatter_block");

    // (from, count, type, to, count of one part, type, communicator)
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int> AllGather =
        (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Allgather");

    // (data, count, type, root, communicator)
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, int> Broadcast =
        (delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, int>)NativeLibrary.GetExport(library, "MPI_Bcast");

    // (data, count, type, to, tag, communicator, request)
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> SendNow =
        (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Isend");

    // (request, is it done, status)
    public readonly delegate* unmanaged[Cdecl]<nint*, int*, void*, int> Test =
        (delegate* unmanaged[Cdecl]<nint*, int*, void*, int>)NativeLibrary.GetExport(library, "MPI_Test");

    // (from, tag, communicator, is one there, status)
    public readonly delegate* unmanaged[Cdecl]<int, int, nint, int*, void*, int> Probe =
        (delegate* unmanaged[Cdecl]<int, int, nint, int*, void*, int>)NativeLibrary.GetExport(library, "MPI_Iprobe");

    // (data, count, type, from, tag, communicator, status)
    public readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, void*, int> Receive =
        (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, void*, int>)NativeLibrary.GetExport(library, "MPI_Recv");

    /// <summary>What the library says about an error.</summary>
    public string Text(int error)
    {
        byte* room = stackalloc byte[MpiAbi.ErrorTextLength];
        int length = 0;
        return ErrorString(error, room, &length) == 0
            ? Encoding.UTF8.GetString(room, Math.Clamp(length, 0, MpiAbi.ErrorTextLength)).TrimEnd('\0').ReplaceLineEndings(" ") : $"error {error}";
    }
}
