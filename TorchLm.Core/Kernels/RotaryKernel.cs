using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>
/// What happens to the heads of queries and keys before attention, in one pass: each is normalised to a root mean square of 1 and turned by its
/// position's angles (Su et al. 2021), channel i together with channel i + D/2. To values something may be added.
/// </summary>
internal static unsafe class RotaryKernel
{
    /// <summary>Channels of the largest head that is served.</summary>
    private const int MostChannels = 1024;

    /// <summary>What forward and backward work on.</summary>
    /// <param name="Input">(rows, heads, D), row after row the T positions of a sequence.</param>
    /// <param name="Rows">B · T.</param>
    /// <param name="Turned">Heads that are changed, the first ones of a row.</param>
    /// <param name="Heads">All heads of a row.</param>
    /// <param name="HeadSize">D.</param>
    /// <param name="Cosines">(T, D/2) float32 of the angles; null turns nothing.</param>
    /// <param name="Sines">(T, D/2) float32.</param>
    /// <param name="Length">T.</param>
    /// <param name="Epsilon">Added to the mean square; 0 normalises nothing.</param>
    /// <param name="Addition">(rows, heads that are not turned, D), what is added to them; null is nothing.</param>
    internal readonly record struct Arguments(nint Input, long Rows, int Turned, int Heads, int HeadSize, nint Cosines, nint Sines, int Length, float Epsilon,
        nint Addition);

    private readonly record struct Work(Arguments Common, nint OutputGradient, nint Result);

    /// <summary>Whether heads of this size are served: halves of whole vectors.</summary>
    public static bool Supports(int headSize) => headSize % 32 == 0 && headSize <= MostChannels;

    /// <summary>Writes <paramref name="result"/>, (rows, heads, D).</summary>
    public static void Forward<T>(in Arguments arguments, void* result) where T : struct, IElement =>
        CpuThreads.Run(Tasks(arguments), new Work(arguments, 0, (nint)result), static (in Work a, int task) => Part<T>(a, task, backward: false));

    /// <summary>Writes the input's gradient to <paramref name="result"/>, from that of the forward pass's result.</summary>
    public static void Backward<T>(in Arguments arguments, void* outputGradient, void* result) where T : struct, IElement =>
        CpuThreads.Run(Tasks(arguments), new Work(arguments, (nint)outputGradient, (nint)result), static (in Work a, int task) => Part<T>(a, task, backward: true));

    private const int RowsPerTask = 32;

    private static int Tasks(in Arguments a) => (int)((a.Rows + RowsPerTask - 1) / RowsPerTask);

    private static void Part<T>(in Work a, int task, bool backward) where T : struct, IElement
    {
        int width = a.Common.Heads * a.Common.HeadSize, turned = a.Common.Turned * a.Common.HeadSize;
        for (long row = (long)task * RowsPerTask, end = Math.Min(a.Common.Rows, row + RowsPerTask); row < end; row++)
        {
            nint at = (nint)(row * width), angles = (nint)(row % a.Common.Length) * (a.Common.HeadSize / 2);
            for (int head = 0; head < turned; head += a.Common.HeadSize)
            {
                if (backward) HeadBackward<T>(a, at + head, angles);
                else HeadForward<T>(a, at + head, angles);
            }
            void* source = (void*)(backward ? a.OutputGradient : a.Common.Input), target = (void*)a.Result;
            if (!backward && a.Common.Addition != 0) Add<T>(a, at + turned, (nint)row * (width - turned), width - turned);
            else new Span<byte>((byte*)source + (at + turned) * T.Size, (width - turned) * T.Size).CopyTo(new((byte*)target + (at + turned) * T.Size, (width - turned) * T.Size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<T>(in Work a, nint at, nint addition, int count) where T : struct, IElement
    {
        for (int i = 0; i < count; i += 16)
        {
            T.Store(T.LoadVector((void*)a.Common.Input, at + i) + T.LoadVector((void*)a.Common.Addition, addition + i), (void*)a.Result, at + i);
        }
    }

    /// <summary>y1 = s·(x1·cos - x2·sin), y2 = s·(x2·cos + x1·sin), with s = 1 / √(mean(x²) + ε).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HeadForward<T>(in Work a, nint at, nint angles) where T : struct, IElement
    {
        void* input = (void*)a.Common.Input, result = (void*)a.Result;
        float* cosines = (float*)a.Common.Cosines + angles, sines = (float*)a.Common.Sines + angles;
        int half = a.Common.HeadSize / 2;
        Vector512<float> scale = Vector512.Create(Scale<T>(a.Common, input, at));
        for (int i = 0; i < half; i += 16)
        {
            Vector512<float> x1 = T.LoadVector(input, at + i) * scale, x2 = T.LoadVector(input, at + half + i) * scale;
            if (a.Common.Cosines != 0) (x1, x2) = Turn(x1, x2, Vector512.Load(cosines + i), Vector512.Load(sines + i));
            T.Store(x1, result, at + i);
            T.Store(x2, result, at + half + i);
        }
    }

    /// <summary>With n = s·x and g the gradient turned back: dx = s·(g - n·mean(g·n)), or g where nothing is normalised.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HeadBackward<T>(in Work a, nint at, nint angles) where T : struct, IElement
    {
        void* input = (void*)a.Common.Input, gradient = (void*)a.OutputGradient, result = (void*)a.Result;
        float* cosines = (float*)a.Common.Cosines + angles, sines = (float*)a.Common.Sines + angles;
        int half = a.Common.HeadSize / 2;
        bool normalises = a.Common.Epsilon > 0;
        Vector512<float> scale = Vector512.Create(Scale<T>(a.Common, input, at)), dot = default;
        float* turned = stackalloc float[MostChannels];
        for (int i = 0; i < half; i += 16)
        {
            Vector512<float> g1 = T.LoadVector(gradient, at + i), g2 = T.LoadVector(gradient, at + half + i);
            if (a.Common.Cosines != 0) (g1, g2) = Turn(g1, g2, Vector512.Load(cosines + i), -Vector512.Load(sines + i));
            if (normalises)
            {
                dot = Vector512.FusedMultiplyAdd(g1, T.LoadVector(input, at + i) * scale, dot);
                dot = Vector512.FusedMultiplyAdd(g2, T.LoadVector(input, at + half + i) * scale, dot);
            }
            g1.Store(turned + i);
            g2.Store(turned + half + i);
        }
        Vector512<float> mean = Vector512.Create(Vector512.Sum(dot) / (2 * half));
        for (int i = 0; i < 2 * half; i += 16)
        {
            Vector512<float> g = Vector512.Load(turned + i);
            T.Store(normalises ? scale * (g - T.LoadVector(input, at + i) * scale * mean) : g, result, at + i);
        }
    }

    private static float Scale<T>(in Arguments a, void* input, nint at) where T : struct, IElement
    {
        if (a.Epsilon == 0) return 1;
        Vector512<float> squares = default;
        for (int i = 0; i < a.HeadSize; i += 16)
        {
            Vector512<float> x = T.LoadVector(input, at + i);
            squares = Vector512.FusedMultiplyAdd(x, x, squares);
        }
        return 1 / MathF.Sqrt(Vector512.Sum(squares) / a.HeadSize + a.Epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float>, Vector512<float>) Turn(Vector512<float> x1, Vector512<float> x2, Vector512<float> cosine, Vector512<float> sine) =>
        (x1 * cosine - x2 * sine, x2 * cosine + x1 * sine);
}
