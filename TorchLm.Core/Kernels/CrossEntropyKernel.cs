using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchLm.Core.Model;
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
    /// <param name="loss">How many columns take part, and the loss's kind.</param>
    /// <param name="factor">What the gradient of the losses' sum is multiplied by; null: no gradients.</param>
    /// <returns>The sum in nats, added up in the rows' order.</returns>
    /// <exception cref="InputException">A target is not in the vocabulary.</exception>
    public static double Run(Tensor logits, Tensor targets, LogitLoss loss, float? factor)
    {
        int rows = (int)logits.shape[0];
        using Tensor losses = empty(rows, ScalarType.Float64);
        var work = new Work((byte*)Aten.Data(logits), (long*)Aten.Data(targets), (double*)Aten.Data(losses), loss, (nint)logits.shape[1], factor);
        for (int row = 0; row < rows; row++) Check(work.Targets[row], loss.Vocabulary);
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
        int vocabulary = work.Loss.Vocabulary, target = (int)work.Targets[row];
        int whole = vocabulary & ~15;
        float cap = (float)work.Loss.SoftCap;
        if (cap > 0) SoftCap<T>(x, whole, vocabulary, cap);
        Vector512<float> rest = Rest<T>(x, whole, vocabulary);
        float max = Max<T>(x, whole, rest);
        double sum = SumOfExponentials<T>(x, whole, rest, max);
        float atTarget = T.Load(x, target);
        work.Losses[row] = Math.Log(sum) + max - atTarget;
        if (work.Factor is not { } factor) return;

        double zSlope = 1 + (2 * work.Loss.ZLoss * (Math.Log(sum) + max)); // d log²Z / d logit is 2·log Z·softmax
        Gradient<T>(x, whole, rest, vocabulary, max, (float)(factor * zSlope / sum), cap);
        double slope = cap > 0 ? 1 - ((double)atTarget / cap * (atTarget / cap)) : 1;
        T.Store((float)(((Math.Exp(atTarget - max) / sum * zSlope) - 1) * factor * slope), x, target);
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

    /// <summary>cap·tanh(x / cap) in x's place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftCap<T>(void* x, int whole, int vocabulary, float cap) where T : IElement
    {
        for (int i = 0; i < whole; i += 16) T.Store(Capped(T.LoadVector(x, i), cap), x, i);
        for (int i = whole; i < vocabulary; i++) T.Store(Capped(Vector512.Create(T.Load(x, i)), cap)[0], x, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Capped(Vector512<float> x, float cap) => VectorMath.Tanh(x * (1 / cap)) * cap;

    /// <summary>exp(x - max) · scale in x's place, times the slope 1 - (x / cap)² of a soft cap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient<T>(void* x, int whole, Vector512<float> rest, int vocabulary, float max, float scale, float cap) where T : IElement
    {
        Vector512<float> shift = Vector512.Create(max), factor = Vector512.Create(scale);
        if (cap > 0)
        {
            Vector512<float> one = Vector512<float>.One, inverse = Vector512.Create(1 / cap);
            for (int i = 0; i < whole; i += 16)
            {
                Vector512<float> y = T.LoadVector(x, i), share = y * inverse;
                T.Store(Scaled(y - shift, factor) * (one - share * share), x, i);
            }
            Vector512<float> last = Scaled(rest - shift, factor), lastShare = rest * inverse;
            for (int i = whole; i < vocabulary; i++) T.Store(last[i - whole] * (1 - lastShare[i - whole] * lastShare[i - whole]), x, i);
            return;
        }
        for (int i = 0; i < whole; i += 16) T.Store(Scaled(T.LoadVector(x, i) - shift, factor), x, i);
        rest = Scaled(rest - shift, factor);
        for (int i = whole; i < vocabulary; i++) T.Store(rest[i - whole], x, i);
    }

    /// <summary>eᵈ · factor, 0 where it is negligible; NaN passes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<float> d, Vector512<float> factor) =>
        Vector512.ConditionalSelect(Vector512.LessThan(d, Vector512.Create(Negligible)), Vector512<float>.Zero, VectorMath.Exp(d) * factor);

    private readonly struct Work(byte* logits, long* targets, double* losses, LogitLoss loss, nint columns, float? factor)
    {
        public readonly byte* Logits = logits;
        public readonly long* Targets = targets;
        public readonly double* Losses = losses;
        public readonly LogitLoss Loss = loss;
        public readonly nint Columns = columns;
        public readonly float? Factor = factor;
    }
}
