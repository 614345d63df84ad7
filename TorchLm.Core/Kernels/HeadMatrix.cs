using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TorchLm.Core.Kernels;

/// <summary>
/// One head's queries, keys, values or outputs, (T, D), where they lie among the other heads'. Rows are far apart there, mostly by a multiple of a power
/// of two, which caches and translation buffers bear badly; kernels copy what they read often.
/// </summary>
/// <param name="data">The whole tensor.</param>
/// <param name="first">The first row's first element.</param>
/// <param name="rowStride">Elements from one row to the next.</param>
/// <param name="width">D, a multiple of 16.</param>
internal readonly unsafe struct HeadMatrix<TElement>(void* data, nint first, nint rowStride, int width)
    where TElement : struct, IElement
{
    // Kept out of the callers, where the JIT runs out of registers and loads each constant anew (bfloat16 attention took a fifth longer).
    private const MethodImplOptions Loop = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <summary>The 16 elements from (row, column) on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Load(int row, int column) => TElement.LoadVector(data, first + row * rowStride + column);

    /// <summary>Rows <paramref name="row"/> and on, times <paramref name="scale"/>, to a dense (paddedRows, D) whose further rows become 0.</summary>
    [MethodImpl(Loop)]
    public void CopyTo(float* target, int row, int rows, int paddedRows, float scale)
    {
        Vector512<float> factor = Vector512.Create(scale);
        for (int r = 0; r < rows; r++)
        {
            nint source = first + (row + r) * rowStride;
            for (int column = 0; column < width; column += 16, target += 16) (TElement.LoadVector(data, source + column) * factor).Store(target);
        }
        new Span<float>(target, (paddedRows - rows) * width).Clear();
    }

    /// <summary>Rows <paramref name="row"/> and on become <paramref name="source"/>, a dense (rows, D), times <paramref name="scale"/>.</summary>
    [MethodImpl(Loop)]
    public void CopyFrom(float* source, int row, int rows, float scale)
    {
        Vector512<float> factor = Vector512.Create(scale);
        for (int r = 0; r < rows; r++)
        {
            nint target = first + (row + r) * rowStride;
            for (int column = 0; column < width; column += 16, source += 16) TElement.Store(Vector512.Load(source) * factor, data, target + column);
        }
    }

    /// <summary>
    /// Rows <paramref name="row"/> and on as the columns of a (D, <paramref name="stride"/>); further columns up to a multiple of 16 become 0.
    /// </summary>
    [MethodImpl(Loop)]
    public void TransposeTo(float* target, int stride, int row, int rows)
    {
        int whole = Avx512F.IsSupported ? rows & ~15 : 0;
        for (int r = 0; r < whole; r += 16)
        {
            for (int column = 0; column < width; column += 16)
            {
                Transpose16(first + (row + r) * rowStride + column, target + column * stride + r, stride);
            }
        }
        for (int column = 0; column < width; column++)
        {
            for (int r = whole; r < rows; r++) target[column * stride + r] = TElement.Load(data, first + (row + r) * rowStride + column);
            for (int r = rows; r % 16 != 0; r++) target[column * stride + r] = 0;
        }
    }

    /// <summary>A square of 16: pairs of rows, then of pairs, are interleaved within quarters of a vector; then the quarters change places.</summary>
    [MethodImpl(Loop)]
    private void Transpose16(nint source, float* target, int stride)
    {
        // Each quarter q of e.g. r0a0 then holds column 4q of rows 0 to 3, of r4b1 column 4q + 3 of rows 4 to 7.
        FourRows(source, out Vector512<float> r0a0, out Vector512<float> r0a1, out Vector512<float> r0b0, out Vector512<float> r0b1);
        FourRows(source + 4 * rowStride, out Vector512<float> r4a0, out Vector512<float> r4a1, out Vector512<float> r4b0, out Vector512<float> r4b1);
        FourRows(source + 8 * rowStride, out Vector512<float> r8a0, out Vector512<float> r8a1, out Vector512<float> r8b0, out Vector512<float> r8b1);
        FourRows(source + 12 * rowStride, out Vector512<float> r12a0, out Vector512<float> r12a1, out Vector512<float> r12b0, out Vector512<float> r12b1);
        Quarters(r0a0, r4a0, r8a0, r12a0, target, stride);
        Quarters(r0a1, r4a1, r8a1, r12a1, target + stride, stride);
        Quarters(r0b0, r4b0, r8b0, r12b0, target + 2 * stride, stride);
        Quarters(r0b1, r4b1, r8b1, r12b1, target + 3 * stride, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FourRows(nint source, out Vector512<float> a0, out Vector512<float> a1, out Vector512<float> b0, out Vector512<float> b1)
    {
        Vector512<float> row0 = TElement.LoadVector(data, source), row1 = TElement.LoadVector(data, source + rowStride);
        Vector512<float> row2 = TElement.LoadVector(data, source + 2 * rowStride), row3 = TElement.LoadVector(data, source + 3 * rowStride);
        Vector512<double> low01 = Avx512F.UnpackLow(row0, row1).AsDouble(), high01 = Avx512F.UnpackHigh(row0, row1).AsDouble();
        Vector512<double> low23 = Avx512F.UnpackLow(row2, row3).AsDouble(), high23 = Avx512F.UnpackHigh(row2, row3).AsDouble();
        a0 = Avx512F.UnpackLow(low01, low23).AsSingle();
        a1 = Avx512F.UnpackHigh(low01, low23).AsSingle();
        b0 = Avx512F.UnpackLow(high01, high23).AsSingle();
        b1 = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    /// <summary>Quarter q of the four vectors becomes row 4q of the target.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarters(Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3, float* target, int stride)
    {
        const byte Low = 0x44, High = 0xee, Even = 0x88, Odd = 0xdd;
        Vector512<float> low01 = Avx512F.Shuffle4x128(v0, v1, Low), high01 = Avx512F.Shuffle4x128(v0, v1, High);
        Vector512<float> low23 = Avx512F.Shuffle4x128(v2, v3, Low), high23 = Avx512F.Shuffle4x128(v2, v3, High);
        Avx512F.Shuffle4x128(low01, low23, Even).Store(target);
        Avx512F.Shuffle4x128(low01, low23, Odd).Store(target + 4 * stride);
        Avx512F.Shuffle4x128(high01, high23, Even).Store(target + 8 * stride);
        Avx512F.Shuffle4x128(high01, high23, Odd).Store(target + 12 * stride);
    }
}
