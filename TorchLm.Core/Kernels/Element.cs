using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace TorchLm.Core.Kernels;

/// <summary>How numbers lie in memory that kernels read and write; they compute in float32 whatever it is.</summary>
internal unsafe interface IElement
{
    /// <summary>Bytes of a number.</summary>
    static abstract int Size { get; }

    /// <summary>The number at <paramref name="index"/>.</summary>
    static abstract float Load(void* data, nint index);

    /// <summary>The 16 numbers from <paramref name="index"/> on.</summary>
    static abstract Vector512<float> LoadVector(void* data, nint index);

    /// <summary>Puts a number to <paramref name="index"/>.</summary>
    static abstract void Store(float value, void* data, nint index);

    /// <summary>Puts 16 numbers to <paramref name="index"/> and on.</summary>
    static abstract void Store(Vector512<float> values, void* data, nint index);
}

/// <summary>IEEE binary32.</summary>
internal readonly unsafe struct Float32 : IElement
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(void* data, nint index) => ((float*)data)[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadVector(void* data, nint index) => Vector512.Load((float*)data + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, void* data, nint index) => ((float*)data)[index] = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, void* data, nint index) => values.Store((float*)data + index);
}

/// <summary>bfloat16: the upper half of a binary32, rounded to the nearest, ties to even; every NaN becomes 0x7fc0.</summary>
internal readonly unsafe struct BFloat16 : IElement
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(void* data, nint index) => BitConverter.UInt32BitsToSingle((uint)((ushort*)data)[index] << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadVector(void* data, nint index)
    {
        Vector256<ushort> halves = Vector256.Load((ushort*)data + index);
        Vector512<uint> wide = Avx512F.IsSupported ? Avx512F.ConvertToVector512UInt32(halves)
            : Vector512.Create(Vector256.WidenLower(halves), Vector256.WidenUpper(halves));
        return (wide << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, void* data, nint index)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        ((ushort*)data)[index] = float.IsNaN(value) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, void* data, nint index)
    {
        Vector512<uint> bits = values.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        rounded = Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, Vector512.Create(0x7fc0u));
        Vector256<ushort> narrow = Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(rounded) : Vector256.Narrow(rounded.GetLower(), rounded.GetUpper());
        narrow.Store((ushort*)data + index);
    }
}

/// <summary>Which element types the kernels know.</summary>
internal static class Element
{
    /// <summary>Whether kernels can work on tensors of this type.</summary>
    public static bool IsKnown(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16;
}
