using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>Products of float32 matrices small enough for the first-level cache, where a library's call would cost more than the product.</summary>
internal static unsafe class MatrixProduct
{
    /// <summary>Rows of A and C that are done together.</summary>
    public const int Rows = 8;

    /// <summary>
    /// C = A·B, or C += A·B, for <see cref="Rows"/> rows of C. A's element (row, step) is at <c>a[row * aRow + step * aStep]</c>, so that A may be read
    /// as it lies or transposed. Each element of C is one chain of fused multiply-adds in ascending order of steps.
    /// </summary>
    /// <param name="a">A, (Rows, steps).</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one step of A to the next.</param>
    /// <param name="b">B, (steps, columns).</param>
    /// <param name="bStep">Elements from one row of B to the next.</param>
    /// <param name="steps">The inner dimension.</param>
    /// <param name="c">C, (Rows, columns).</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="accumulate">Whether to add to what C holds.</param>
    public static void EightRows(float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* c, nint cRow, int columns, bool accumulate)
    {
        int column = 0;
        // Where a vector is two registers of 16, the larger product would not fit and takes twice the time.
        for (; Vector512.IsHardwareAccelerated && column + 32 <= columns; column += 32) EightByThirtyTwo(a, aRow, aStep, b + column, bStep, steps, c + column, cRow, accumulate);
        for (; column < columns; column += 16)
        {
            FourBySixteen(a, aRow, aStep, b + column, bStep, steps, c + column, cRow, accumulate);
            FourBySixteen(a + 4 * aRow, aRow, aStep, b + column, bStep, steps, c + 4 * cRow + column, cRow, accumulate);
        }
    }

    // The accumulators are locals, not an array, so that they stay in registers: 16 of them, 2 vectors of B and an element of A make 19 of 32.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightByThirtyTwo(float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* c, nint cRow, bool accumulate)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        Vector512<float> c40 = default, c41 = default, c50 = default, c51 = default, c60 = default, c61 = default, c70 = default, c71 = default;
        float* lower = c + 4 * cRow;
        if (accumulate)
        {
            c00 = Vector512.Load(c);
            c01 = Vector512.Load(c + 16);
            c10 = Vector512.Load(c + cRow);
            c11 = Vector512.Load(c + cRow + 16);
            c20 = Vector512.Load(c + 2 * cRow);
            c21 = Vector512.Load(c + 2 * cRow + 16);
            c30 = Vector512.Load(c + 3 * cRow);
            c31 = Vector512.Load(c + 3 * cRow + 16);
            c40 = Vector512.Load(lower);
            c41 = Vector512.Load(lower + 16);
            c50 = Vector512.Load(lower + cRow);
            c51 = Vector512.Load(lower + cRow + 16);
            c60 = Vector512.Load(lower + 2 * cRow);
            c61 = Vector512.Load(lower + 2 * cRow + 16);
            c70 = Vector512.Load(lower + 3 * cRow);
            c71 = Vector512.Load(lower + 3 * cRow + 16);
        }
        nint aRow3 = 3 * aRow;
        float* a4 = a + 4 * aRow;
        for (; steps > 0; steps--)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16);
            Vector512<float> x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[2 * aRow]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a[aRow3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(*a4);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a4[aRow]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a4[2 * aRow]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a4[aRow3]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            a += aStep;
            a4 += aStep;
            b += bStep;
        }
        c00.Store(c);
        c01.Store(c + 16);
        c10.Store(c + cRow);
        c11.Store(c + cRow + 16);
        c20.Store(c + 2 * cRow);
        c21.Store(c + 2 * cRow + 16);
        c30.Store(c + 3 * cRow);
        c31.Store(c + 3 * cRow + 16);
        c40.Store(lower);
        c41.Store(lower + 16);
        c50.Store(lower + cRow);
        c51.Store(lower + cRow + 16);
        c60.Store(lower + 2 * cRow);
        c61.Store(lower + 2 * cRow + 16);
        c70.Store(lower + 3 * cRow);
        c71.Store(lower + 3 * cRow + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourBySixteen(float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* c, nint cRow, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (accumulate)
        {
            c0 = Vector512.Load(c);
            c1 = Vector512.Load(c + cRow);
            c2 = Vector512.Load(c + 2 * cRow);
            c3 = Vector512.Load(c + 3 * cRow);
        }
        nint aRow3 = 3 * aRow;
        for (; steps > 0; steps--)
        {
            Vector512<float> b0 = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(*a), b0, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[aRow]), b0, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2 * aRow]), b0, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[aRow3]), b0, c3);
            a += aStep;
            b += bStep;
        }
        c0.Store(c);
        c1.Store(c + cRow);
        c2.Store(c + 2 * cRow);
        c3.Store(c + 3 * cRow);
    }
}
