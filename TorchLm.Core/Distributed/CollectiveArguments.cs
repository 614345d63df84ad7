using TorchLm.Core.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>What engines take, checked before memory is touched from outside libtorch.</summary>
internal static unsafe class CollectiveArguments
{
    private static readonly ScalarType[] s_types = [ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Int32, ScalarType.Int64];

    /// <summary>Checks one tensor.</summary>
    /// <exception cref="ArgumentException">It is not contiguous, on another kind of device, or of a type that is not exchanged.</exception>
    public static void Check(Tensor tensor, DeviceType device)
    {
        if (tensor.device_type != device) throw new ArgumentException($"The tensor is on {tensor.device}, but this engine works on {device}.");
        if (!tensor.is_contiguous()) throw new ArgumentException("The tensor is not contiguous.");
        if (!s_types.Contains(tensor.dtype)) throw new ArgumentException($"Tensors of {tensor.dtype} are not exchanged.");
    }

    /// <summary>Checks a whole and a part, and says whether the part is this rank's place in the whole.</summary>
    /// <exception cref="ArgumentException">Their lengths or types do not fit, they overlap in another way, or one of them is not fit
    /// alone.</exception>
    public static bool IsInPlace(Tensor whole, Tensor own, DeviceType device, int rank, int worldSize)
    {
        Check(whole, device);
        Check(own, device);
        if (whole.dtype != own.dtype) throw new ArgumentException($"The whole is of {whole.dtype}, but the part of {own.dtype}.");
        if (whole.numel() != own.numel() * worldSize)
        {
            throw new ArgumentException($"The whole has {whole.numel()} elements, which are not {worldSize} parts of {own.numel()}.");
        }
        long length = Length(own);
        byte* part = (byte*)Aten.Data(own), start = (byte*)Aten.Data(whole);
        if (length == 0 || part + length <= start || part >= start + (length * worldSize)) return false;
        return part == start + (length * rank) ? true
            : throw new ArgumentException($"The part overlaps the whole elsewhere than at rank {rank}'s place.");
    }

    /// <summary>Checks that there is such a rank.</summary>
    public static void CheckRoot(int root, int worldSize)
    {
        if (root < 0 || root >= worldSize) throw new ArgumentOutOfRangeException(nameof(root), root, $"There are {worldSize} ranks, counted from 0.");
    }

    /// <summary>A tensor's length in bytes.</summary>
    public static long Length(Tensor tensor) => tensor.numel() * tensor.element_size();

    /// <summary>An operation in words, for errors.</summary>
    public static string Name(string operation, Tensor tensor) => $"{operation} of {tensor.numel():N0} elements of {tensor.dtype}";
}
