using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>
/// A causal convolution over few positions in which channels do not mix: y[t] = Σ w[k] ∘ x[t - k], k from 0 to the width less one, positions before the
/// sequence being 0.
/// </summary>
internal static unsafe class ShortConvolutionKernel
{
    /// <summary>What forward and backward work on; C is a multiple of 16.</summary>
    /// <param name="Input">x, (B, T, C).</param>
    /// <param name="Weight">w, (width, C) float32.</param>
    /// <param name="Batch">B.</param>
    /// <param name="Length">T.</param>
    /// <param name="Channels">C.</param>
    /// <param name="Width">Positions, this one included.</param>
    internal readonly record struct Arguments(nint Input, nint Weight, int Batch, int Length, int Channels, int Width);

    private readonly record struct Work(Arguments Common, nint OutputGradient, nint Result, nint Partial);

    /// <summary>Writes y, (B, T, C).</summary>
    public static void Forward<T>(in Arguments arguments, void* result) where T : struct, IElement =>
        CpuThreads.Run(arguments.Batch, new Work(arguments, 0, (nint)result, 0), static (in Work a, int sequence) => ForwardSequence<T>(a, sequence));

    /// <summary>Writes the input's gradient (B, T, C), and adds to the weight's (width, C) float32. A sequence has sums of its own, so that threads do not matter.</summary>
    public static void Backward<T>(in Arguments arguments, void* outputGradient, void* inputGradient, float* weightGradient) where T : struct, IElement
    {
        int weights = arguments.Width * arguments.Channels;
        float* partial = (float*)NativeMemory.AllocZeroed((nuint)arguments.Batch * (nuint)weights * sizeof(float));
        try
        {
            CpuThreads.Run(arguments.Batch, new Work(arguments, (nint)outputGradient, (nint)inputGradient, (nint)partial),
                static (in Work a, int sequence) => BackwardSequence<T>(a, sequence));
            for (int sequence = 0; sequence < arguments.Batch; sequence++)
            {
                float* sums = partial + (nint)sequence * weights;
                for (int i = 0; i < weights; i += 16) (Vector512.Load(weightGradient + i) + Vector512.Load(sums + i)).Store(weightGradient + i);
            }
        }
        finally
        {
            NativeMemory.Free(partial);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardSequence<T>(in Work a, int sequence) where T : struct, IElement
    {
        void* input = (void*)a.Common.Input, result = (void*)a.Result;
        int c = a.Common.Channels;
        nint start = (nint)sequence * a.Common.Length * c;
        for (int t = 0; t < a.Common.Length; t++)
        {
            nint row = start + (nint)t * c;
            int last = Math.Min(a.Common.Width - 1, t);
            for (int j = 0; j < c; j += 16)
            {
                float* weight = (float*)a.Common.Weight + j;
                Vector512<float> y = default;
                for (int k = 0; k <= last; k++) y = Vector512.FusedMultiplyAdd(T.LoadVector(input, row - (nint)k * c + j), Vector512.Load(weight + (nint)k * c), y);
                T.Store(y, result, row + j);
            }
        }
    }

    /// <summary>dx[t] = Σ w[k] ∘ dy[t + k]; dw[k] = Σ dy[t] ∘ x[t - k].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardSequence<T>(in Work a, int sequence) where T : struct, IElement
    {
        void* input = (void*)a.Common.Input, gradient = (void*)a.OutputGradient, result = (void*)a.Result;
        int c = a.Common.Channels, width = a.Common.Width, length = a.Common.Length;
        float* sums = (float*)a.Partial + (nint)sequence * width * c;
        nint start = (nint)sequence * length * c;
        for (int t = 0; t < length; t++)
        {
            nint row = start + (nint)t * c;
            int before = Math.Min(width - 1, t), after = Math.Min(width - 1, length - 1 - t);
            for (int j = 0; j < c; j += 16)
            {
                float* weight = (float*)a.Common.Weight + j, sum = sums + j;
                Vector512<float> dx = default, dy = T.LoadVector(gradient, row + j);
                for (int k = 0; k <= after; k++) dx = Vector512.FusedMultiplyAdd(T.LoadVector(gradient, row + (nint)k * c + j), Vector512.Load(weight + (nint)k * c), dx);
                T.Store(dx, result, row + j);
                for (int k = 0; k <= before; k++)
                {
                    Vector512.FusedMultiplyAdd(T.LoadVector(input, row - (nint)k * c + j), dy, Vector512.Load(sum + (nint)k * c)).Store(sum + (nint)k * c);
                }
            }
        }
    }
}
