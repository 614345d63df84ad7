using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>NCCL 2's C interface (nccl.h), as far as it is used. Each function returns 0, or a code that ncclGetErrorString explains.</summary>
/// <remarks>
/// A communicator is a pointer; ncclUniqueId is a structure of 128 bytes that is passed by value; counts are size_t, so nothing is cut into pieces.
/// ncclDataType_t: int32 2, int64 4, float32 7, float64 8, bfloat16 9 (since 2.10), uint8 1. ncclRedOp_t: sum 0.
/// </remarks>
internal sealed unsafe class NcclLibrary
{
    /// <summary>ncclSum.</summary>
    public const int Sum = 0;

    /// <summary>ncclUint8, for bytes that are copied.</summary>
    public const int UInt8 = 1;

    /// <summary>ncclInProgress: not an error.</summary>
    public const int InProgress = 7;

    private readonly delegate* unmanaged[Cdecl]<int, byte*> _errorString;
    private readonly delegate* unmanaged[Cdecl]<int*, int> _version;

    /// <summary>Loads NCCL: the installed library, or the one within libtorch's for CUDA.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public NcclLibrary()
    {
        nint library = Find() ?? throw new InputException("NCCL (libnccl.so.2) is not found, by which several GPUs exchange gradients: " +
            "install NVIDIA's libnccl2, and see that its folder is among those of LD_LIBRARY_PATH.");
        _errorString = (delegate* unmanaged[Cdecl]<int, byte*>)NativeLibrary.GetExport(library, "ncclGetErrorString");
        _version = (delegate* unmanaged[Cdecl]<int*, int>)NativeLibrary.GetExport(library, "ncclGetVersion");
        GetUniqueId = (delegate* unmanaged[Cdecl]<NcclId*, int>)NativeLibrary.GetExport(library, "ncclGetUniqueId");
        InitRank = (delegate* unmanaged[Cdecl]<nint*, int, NcclId, int, int>)NativeLibrary.GetExport(library, "ncclCommInitRank");
        Destroy = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "ncclCommDestroy");
        Abort = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "ncclCommAbort");
        AsyncError = (delegate* unmanaged[Cdecl]<nint, int*, int>)NativeLibrary.GetExport(library, "ncclCommGetAsyncError");
        AllReduce = (delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclAllReduce");
        ReduceScatter =
            (delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclReduceScatter");
        AllGather = (delegate* unmanaged[Cdecl]<void*, void*, nuint, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclAllGather");
        Broadcast = (delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclBroadcast");
    }

    public delegate* unmanaged[Cdecl]<NcclId*, int> GetUniqueId { get; }

    /// <summary>(communicator, ranks, id, rank)</summary>
    public delegate* unmanaged[Cdecl]<nint*, int, NcclId, int, int> InitRank { get; }

    public delegate* unmanaged[Cdecl]<nint, int> Destroy { get; }

    /// <summary>Gives up what is under way; frees the communicator.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> Abort { get; }

    public delegate* unmanaged[Cdecl]<nint, int*, int> AsyncError { get; }

    /// <summary>(from, to, elements, type, operation, communicator, stream); in place where from and to are the same.</summary>
    public delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int> AllReduce { get; }

    /// <summary>(from, to, elements of one part, type, operation, communicator, stream)</summary>
    public delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int> ReduceScatter { get; }

    /// <summary>(from, to, elements of one part, type, communicator, stream)</summary>
    public delegate* unmanaged[Cdecl]<void*, void*, nuint, int, nint, nint, int> AllGather { get; }

    /// <summary>(from, to, elements, type, root, communicator, stream)</summary>
    public delegate* unmanaged[Cdecl]<void*, void*, nuint, int, int, nint, nint, int> Broadcast { get; }

    /// <summary>What it is called, with its version: "NCCL 2.27.5".</summary>
    public string Name
    {
        get
        {
            int code = 0;
            return _version(&code) == 0 ? $"NCCL {Version(code)}" : "NCCL";
        }
    }

    /// <summary>What NCCL says about a code.</summary>
    public string Text(int code) => Marshal.PtrToStringUTF8((nint)_errorString(code)) ?? $"error {code}";

    /// <summary>NCCL_VERSION_CODE: 10000 · major + 100 · minor + patch; before 2.9, 1000 · major + 100 · minor + patch.</summary>
    internal static string Version(int code)
    {
        int major = code >= 10000 ? 10000 : 1000;
        return $"{code / major}.{code % major / 100}.{code % 100}";
    }

    /// <summary>ncclDataType_t of a tensor's type.</summary>
    internal static int Type(ScalarType type) => type switch
    {
        ScalarType.Int32 => 2,
        ScalarType.Int64 => 4,
        ScalarType.Float32 => 7,
        ScalarType.Float64 => 8,
        ScalarType.BFloat16 => 9,
        _ => throw new ArgumentException($"Tensors of {type} are not exchanged."),
    };

    private static nint? Find()
    {
        if (NativeLibrary.TryLoad("libnccl.so.2", out nint installed)) return installed;
        return NativeLibrary.TryLoad("libtorch_cuda.so", out nint torch) && NativeLibrary.TryGetExport(torch, "ncclAllReduce", out _) ? torch : null;
    }
}

/// <summary>ncclUniqueId: what the ranks of one communicator know one another by.</summary>
internal unsafe struct NcclId
{
    /// <summary>NCCL_UNIQUE_ID_BYTES.</summary>
    public const int Length = 128;

    public fixed byte Bytes[Length];
}
