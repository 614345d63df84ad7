using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>SwiGLU (Shazeer 2020): of rows that hold a gate g and a value u side by side, g·σ(g)·u.</summary>
internal static unsafe class SwiGluKernel
{
    private const int NumbersPerTask = 16 * 512;

    private readonly record struct Arguments(nint Input, nint OutputGradient, nint Result, long Rows, int Width)
    {
        public int RowsPerTask => Math.Max(1, NumbersPerTask / Width);

        public int Tasks => (int)((Rows + RowsPerTask - 1) / RowsPerTask);
    }

    /// <summary>From input (rows, 2·width), gates first, to result (rows, width); the width is a multiple of 16.</summary>
    public static void Forward<T>(void* input, void* result, long rows, int width) where T : struct, IElement
    {
        var arguments = new Arguments((nint)input, 0, (nint)result, rows, width);
        CpuThreads.Run(arguments.Tasks, arguments, static (in Arguments a, int task) => ForwardPart<T>(a, task));
    }

    /// <summary>The gradient of input, (rows, 2·width), from that of the result, (rows, width).</summary>
    public static void Backward<T>(void* input, void* outputGradient, void* result, long rows, int width) where T : struct, IElement
    {
        var arguments = new Arguments((nint)input, (nint)outputGradient, (nint)result, rows, width);
        CpuThreads.Run(arguments.Tasks, arguments, static (in Arguments a, int task) => BackwardPart<T>(a, task));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardPart<T>(in Arguments a, int task) where T : struct, IElement
    {
        void* input = (void*)a.Input, result = (void*)a.Result;
        for (long row = (long)task * a.RowsPerTask, end = Math.Min(a.Rows, row + a.RowsPerTask); row < end; row++)
        {
            nint gate = (nint)(2 * row * a.Width), value = gate + a.Width, to = (nint)(row * a.Width);
            for (int j = 0; j < a.Width; j += 16)
            {
                Vector512<float> g = T.LoadVector(input, gate + j);
                T.Store(g * VectorMath.Sigmoid(g) * T.LoadVector(input, value + j), result, to + j);
            }
        }
    }

    /// <summary>With s = σ(g): d/dg = u·(s + g·s·(1 - s)), d/du = g·s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardPart<T>(in Arguments a, int task) where T : struct, IElement
    {
        void* input = (void*)a.Input, gradient = (void*)a.OutputGradient, result = (void*)a.Result;
        for (long row = (long)task * a.RowsPerTask, end = Math.Min(a.Rows, row + a.RowsPerTask); row < end; row++)
        {
            nint gate = (nint)(2 * row * a.Width), value = gate + a.Width, from = (nint)(row * a.Width);
            for (int j = 0; j < a.Width; j += 16)
            {
                Vector512<float> g = T.LoadVector(input, gate + j), s = VectorMath.Sigmoid(g), silu = g * s, dy = T.LoadVector(gradient, from + j);
                T.Store(dy * T.LoadVector(input, value + j) * Vector512.FusedMultiplyAdd(silu, Vector512<float>.One - s, s), result, gate + j);
                T.Store(dy * silu, result, value + j);
            }
        }
    }
}
