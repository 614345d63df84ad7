using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Kernels;

/// <summary>Softmax, cross-entropy and their gradient on the CPU, row by row: a row is in the cache from its first reading to its last writing.</summary>
internal static unsafe class CrossEntropyKernel
{
    /// <summary>
    /// Softmax below e to this times its greatest value has gradient 0: it is far below float32's resolution of the others, and would become a
    /// subnormal number, which slows the matrix products that follow.
    /// </summary>
    private const float Negligible = -64;

    /// <summary>The losses' sum, and the logits' gradients in their place.</summary>
    /// <param name="logits">(N, columns), contiguous; gradients afterwards where they are asked for. Columns from the vocabulary on get 0.</param>
    /// <param name="targets">(N), int64, contiguous.</param>
    /// <param name="vocabulary">How many columns take part.</param>
    /// <param name="factor">What the gradient of the losses' sum is multiplied by; null: no gradients.</param>
    /// <returns>The sum in nats, added up in the rows' order.</returns>
    /// <exception cref="InputException">A target is not in the vocabulary.</exception>
    public static double Run(Tensor logits, Tensor targets, int vocabulary, float? factor)
    {
        int rows = (int)logits.shape[0];
        using Tensor losses = empty(rows, ScalarType.Float64);
        var work = new Work((byte*)Aten.Data(logits), (long*)Aten.Data(targets), (double*)Aten.Data(losses), vocabulary, (nint)logits.shape[1], factor);
        for (int row = 0; row < rows; row++) Check(work.Targets[row], vocabulary);
        if (logits.dtype == ScalarType.BFloat16) CpuThreads.Run(rows, work, Row<BFloat16>);
        else CpuThreads.Run(rows, work, Row<Float32>);

        double sum = 0;
        for (int row = 0; row < rows; row++) sum += work.Losses[row];
        return sum;
    }

    private static void Check(long target, int vocabulary)
    {
        if ((ulong)target < (ulong)vocabulary) return;
        throw new InputException($"A target is token {target}, but the model's vocabulary has {vocabulary} tokens, counted from 0: "
            + "use data that was prepared with this model's tokenizer.");
    }

    private static void Row<T>(in Work work, int row) where T : IElement
    {
        void* x = work.Logits + row * work.Columns * T.Size;
        int vocabulary = work.Vocabulary, target = (int)work.Targets[row];
        int whole = vocabulary & ~15;
        Vector512<float> rest = Rest<T>(x, whole, vocabulary);
        float max = Max<T>(x, whole, rest);
        double sum = SumOfExponentials<T>(x, whole, rest, max);
        float atTarget = T.Load(x, target);
        work.Losses[row] = Math.Log(sum) + max - atTarget;
        if (work.Factor is not { } factor) return;

        Gradient<T>(x, whole, rest, vocabulary, max, (float)(factor / sum));
        T.Store((float)((Math.Exp(atTarget - max) / sum - 1) * factor), x, target);
        NativeMemory.Clear((byte*)x + (nint)vocabulary * T.Size, (nuint)((work.Columns - vocabulary) * T.Size));
    }

    /// <summary>The last columns, fewer than 16, and values that add nothing.</summary>
    private static Vector512<float> Rest<T>(void* x, int whole, int vocabulary) where T : IElement
    {
        float* rest = stackalloc float[16];
        for (int i = 0; i < 16; i++) rest[i] = whole + i < vocabulary ? T.Load(x, whole + i) : float.NegativeInfinity;
        return Vector512.Load(rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Max<T>(void* x, int whole, Vector512<float> rest) where T : IElement
    {
        Vector512<float> a = rest, b = rest;
        int i = 0;
        for (; i + 32 <= whole; i += 32)
        {
            a = Vector512.MaxNative(a, T.LoadVector(x, i));
            b = Vector512.MaxNative(b, T.LoadVector(x, i + 16));
        }
        if (i < whole) a = Vector512.MaxNative(a, T.LoadVector(x, i));
        a = Vector512.MaxNative(a, b);
        float max = a[0];
        for (int lane = 1; lane < 16; lane++) max = Math.Max(max, a[lane]);
        return max;
    }

    /// <summary>Σ exp(x - max), where each lane of two vectors adds its own in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfExponentials<T>(void* x, int whole, Vector512<float> rest, float max) where T : IElement
    {
        Vector512<float> shift = Vector512.Create(max), a = VectorMath.Exp(rest - shift), b = Vector512<float>.Zero;
        int i = 0;
        for (; i + 32 <= whole; i += 32)
        {
            a += VectorMath.Exp(T.LoadVector(x, i) - shift);
            b += VectorMath.Exp(T.LoadVector(x, i + 16) - shift);
        }
        if (i < whole) b += VectorMath.Exp(T.LoadVector(x, i) - shift);
        double sum = 0;
        for (int lane = 0; lane < 16; lane++) sum += (double)a[lane] + b[lane];
        return sum;
    }

    /// <summary>exp(x - max) · scale in x's place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient<T>(void* x, int whole, Vector512<float> rest, int vocabulary, float max, float scale) where T : IElement
    {
        Vector512<float> shift = Vector512.Create(max), factor = Vector512.Create(scale);
        for (int i = 0; i < whole; i += 16) T.Store(Scaled(T.LoadVector(x, i) - shift, factor), x, i);
        rest = Scaled(rest - shift, factor);
        for (int i = whole; i < vocabulary; i++) T.Store(rest[i - whole], x, i);
    }

    /// <summary>eᵈ · factor, 0 where it is negligible; NaN passes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<float> d, Vector512<float> factor) =>
        Vector512.ConditionalSelect(Vector512.LessThan(d, Vector512.Create(Negligible)), Vector512<float>.Zero, VectorMath.Exp(d) * factor);

    private readonly struct Work(byte* logits, long* targets, double* losses, int vocabulary, nint columns, float? factor)
    {
        public readonly byte* Logits = logits;
        public readonly long* Targets = targets;
        public readonly double* Losses = losses;
        public readonly int Vocabulary = vocabulary;
        public readonly nint Columns = columns;
        public readonly float? Factor = factor;
    }
}
