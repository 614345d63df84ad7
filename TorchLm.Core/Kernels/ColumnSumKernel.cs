using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>The sums of a matrix's columns: a bias's gradient.</summary>
internal static unsafe class ColumnSumKernel
{
    private const int ColumnsPerTask = 64;

    private readonly record struct Arguments(nint Matrix, nint Sums, long Rows, int Columns);

    /// <summary>sums[j] += Σᵢ matrix[i, j], in float32.</summary>
    /// <param name="matrix">(rows, columns), contiguous.</param>
    /// <param name="sums">(columns) float32.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, a multiple of 16.</param>
    public static void Add<T>(void* matrix, float* sums, long rows, int columns) where T : struct, IElement =>
        CpuThreads.Run((columns + ColumnsPerTask - 1) / ColumnsPerTask, new Arguments((nint)matrix, (nint)sums, rows, columns),
            static (in Arguments a, int task) => Stripe<T>(a, task * ColumnsPerTask));

    /// <summary>A task sums all rows of its columns, so that the result does not depend on the number of threads.</summary>
    private static void Stripe<T>(in Arguments a, int first) where T : struct, IElement
    {
        void* matrix = (void*)a.Matrix;
        float* sums = (float*)a.Sums;
        nint stride = a.Columns;
        int last = Math.Min(a.Columns, first + ColumnsPerTask);
        nint end = (nint)a.Rows * stride;
        if (last - first == ColumnsPerTask)
        {
            Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (nint at = first; at < end; at += stride)
            {
                s0 += T.LoadVector(matrix, at);
                s1 += T.LoadVector(matrix, at + 16);
                s2 += T.LoadVector(matrix, at + 32);
                s3 += T.LoadVector(matrix, at + 48);
            }
            (Vector512.Load(sums + first) + s0).Store(sums + first);
            (Vector512.Load(sums + first + 16) + s1).Store(sums + first + 16);
            (Vector512.Load(sums + first + 32) + s2).Store(sums + first + 32);
            (Vector512.Load(sums + first + 48) + s3).Store(sums + first + 48);
            return;
        }
        for (int column = first; column < last; column += 16)
        {
            Vector512<float> sum = default;
            for (nint at = column; at < end; at += stride) sum += T.LoadVector(matrix, at);
            (Vector512.Load(sums + column) + sum).Store(sums + column);
        }
    }
}
