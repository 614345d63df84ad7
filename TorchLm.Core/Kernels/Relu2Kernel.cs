using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>The squared positive part, max(0, x)² (Primer, So et al. 2021).</summary>
internal static unsafe class Relu2Kernel
{
    private const int ElementsPerTask = 16 * 512;

    private readonly record struct Arguments(nint Input, nint OutputGradient, nint Result, long Length);

    /// <summary>result = max(0, input)², <paramref name="length"/> numbers each.</summary>
    public static void Forward<T>(void* input, void* result, long length) where T : struct, IElement =>
        CpuThreads.Run(Tasks(length), new Arguments((nint)input, 0, (nint)result, length), static (in Arguments a, int task) => ForwardPart<T>(a, task));

    /// <summary>result = outputGradient · 2 · max(0, input), <paramref name="length"/> numbers each; result may be outputGradient.</summary>
    public static void Backward<T>(void* input, void* outputGradient, void* result, long length) where T : struct, IElement =>
        CpuThreads.Run(Tasks(length), new Arguments((nint)input, (nint)outputGradient, (nint)result, length),
            static (in Arguments a, int task) => BackwardPart<T>(a, task));

    private static int Tasks(long length) => (int)((length + ElementsPerTask - 1) / ElementsPerTask);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardPart<T>(in Arguments a, int task) where T : struct, IElement
    {
        void* input = (void*)a.Input, result = (void*)a.Result;
        nint i = (nint)task * ElementsPerTask, end = (nint)Math.Min(a.Length, (long)i + ElementsPerTask);
        for (; i + 16 <= end; i += 16)
        {
            Vector512<float> positive = Positive(T.LoadVector(input, i));
            T.Store(positive * positive, result, i);
        }
        for (; i < end; i++)
        {
            float positive = Positive(T.Load(input, i));
            T.Store(positive * positive, result, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardPart<T>(in Arguments a, int task) where T : struct, IElement
    {
        void* input = (void*)a.Input, gradient = (void*)a.OutputGradient, result = (void*)a.Result;
        nint i = (nint)task * ElementsPerTask, end = (nint)Math.Min(a.Length, (long)i + ElementsPerTask);
        for (; i + 16 <= end; i += 16)
        {
            Vector512<float> positive = Positive(T.LoadVector(input, i));
            T.Store((positive + positive) * T.LoadVector(gradient, i), result, i);
        }
        for (; i < end; i++) T.Store(2 * Positive(T.Load(input, i)) * T.Load(gradient, i), result, i);
    }

    /// <summary>The maximum as machine instructions give it: their second operand where one is NaN, so that NaN passes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Positive(Vector512<float> x) => Vector512.MaxNative(Vector512<float>.Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Positive(float x) => x <= 0 ? 0 : x;
}
