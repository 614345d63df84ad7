using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>
/// LayerNorm over rows (Ba, Kiros and Hinton 2016), y = (x - mean) / √(variance + ε) · weight + bias, or RMSNorm (Zhang and Sennrich 2019), the same with a
/// mean of 0: float32 in, and out in the type that the next matrix product takes, which saves the cast.
/// </summary>
internal static unsafe class LayerNormKernel
{
    /// <summary>Rows of a task; in the backward pass a task has partial sums of its own, so that they do not depend on the number of threads.</summary>
    private const int RowsPerTask = 64;

    /// <summary>What forward and backward work on; rows of <see cref="Width"/> numbers, a multiple of 16.</summary>
    /// <param name="Input">x, (rows, width) float32.</param>
    /// <param name="Weight">(width) float32; null is 1.</param>
    /// <param name="Bias">(width) float32; null is 0.</param>
    /// <param name="Moments">(rows, 2) float32: each row's mean and 1 / √(variance + ε), written forward and read backward.</param>
    /// <param name="Rows">Rows.</param>
    /// <param name="Width">Numbers in a row.</param>
    /// <param name="Epsilon">ε.</param>
    /// <param name="Centered">Whether the mean is taken out.</param>
    internal readonly record struct Arguments(nint Input, nint Weight, nint Bias, nint Moments, long Rows, int Width, float Epsilon, bool Centered = true);

    private readonly record struct BackwardArguments(Arguments Common, nint OutputGradient, nint InputGradient, nint Partial);

    /// <summary>Writes <paramref name="output"/>, (rows, width).</summary>
    public static void Forward<T>(in Arguments arguments, void* output) where T : struct, IElement =>
        CpuThreads.Run(Tasks(arguments), (Common: arguments, Output: (nint)output),
            static (in (Arguments Common, nint Output) a, int task) => ForwardPart<T>(a.Common, (void*)a.Output, task));

    /// <summary>Writes the input's gradient (rows, width) float32, and adds to those of weight and bias (width) float32.</summary>
    /// <param name="arguments">As in the forward pass.</param>
    /// <param name="outputGradient">(rows, width).</param>
    /// <param name="inputGradient">(rows, width) float32.</param>
    /// <param name="weightGradient">(width) float32, or null.</param>
    /// <param name="biasGradient">(width) float32, or null.</param>
    public static void Backward<T>(in Arguments arguments, void* outputGradient, float* inputGradient, float* weightGradient, float* biasGradient)
        where T : struct, IElement
    {
        int tasks = Tasks(arguments), width = arguments.Width;
        float* partial = (float*)NativeMemory.AllocZeroed((nuint)(2L * tasks * width * sizeof(float)));
        try
        {
            CpuThreads.Run(tasks, new BackwardArguments(arguments, (nint)outputGradient, (nint)inputGradient, (nint)partial),
                static (in BackwardArguments a, int task) => BackwardPart<T>(a, task));
            for (int task = 0; task < tasks; task++)
            {
                if (weightGradient is not null) Add(weightGradient, partial + 2L * task * width, width);
                if (biasGradient is not null) Add(biasGradient, partial + (2L * task + 1) * width, width);
            }
        }
        finally
        {
            NativeMemory.Free(partial);
        }
    }

    private static int Tasks(in Arguments a) => (int)((a.Rows + RowsPerTask - 1) / RowsPerTask);

    private static void Add(float* sums, float* values, int width)
    {
        for (int j = 0; j < width; j += 16) (Vector512.Load(sums + j) + Vector512.Load(values + j)).Store(sums + j);
    }

    private static void ForwardPart<T>(in Arguments a, void* output, int task) where T : struct, IElement
    {
        int width = a.Width;
        float* weight = (float*)a.Weight, bias = (float*)a.Bias;
        for (long row = (long)task * RowsPerTask, end = Math.Min(a.Rows, row + RowsPerTask); row < end; row++)
        {
            float* x = (float*)a.Input + row * width;
            Vector512<float> sum = default;
            if (a.Centered) for (int j = 0; j < width; j += 16) sum += Vector512.Load(x + j);
            float mean = Vector512.Sum(sum) / width;
            Vector512<float> means = Vector512.Create(mean), squares = default;
            for (int j = 0; j < width; j += 16)
            {
                Vector512<float> d = Vector512.Load(x + j) - means;
                squares = Vector512.FusedMultiplyAdd(d, d, squares);
            }
            float scale = 1 / MathF.Sqrt(Vector512.Sum(squares) / width + a.Epsilon);
            Vector512<float> scales = Vector512.Create(scale);
            for (int j = 0; j < width; j += 16)
            {
                Vector512<float> y = (Vector512.Load(x + j) - means) * scales;
                if (weight is not null) y *= Vector512.Load(weight + j);
                if (bias is not null) y += Vector512.Load(bias + j);
                T.Store(y, output, (nint)(row * width + j));
            }
            ((float*)a.Moments)[2 * row] = mean;
            ((float*)a.Moments)[2 * row + 1] = scale;
        }
    }

    /// <summary>With g = dy·weight and n the normalised row: dx = scale · (g - mean(g) - n · mean(g·n)), without mean(g) for RMSNorm.</summary>
    private static void BackwardPart<T>(in BackwardArguments a, int task) where T : struct, IElement
    {
        int width = a.Common.Width;
        float* weight = (float*)a.Common.Weight, weightSums = (float*)a.Partial + 2L * task * width, biasSums = weightSums + width;
        void* gradient = (void*)a.OutputGradient;
        for (long row = (long)task * RowsPerTask, end = Math.Min(a.Common.Rows, row + RowsPerTask); row < end; row++)
        {
            float* x = (float*)a.Common.Input + row * width, dx = (float*)a.InputGradient + row * width;
            Vector512<float> mean = Vector512.Create(((float*)a.Common.Moments)[2 * row]), scale = Vector512.Create(((float*)a.Common.Moments)[2 * row + 1]);
            Vector512<float> sumG = default, sumGn = default;
            for (int j = 0; j < width; j += 16)
            {
                Vector512<float> n = (Vector512.Load(x + j) - mean) * scale, dy = T.LoadVector(gradient, (nint)(row * width + j));
                Vector512.FusedMultiplyAdd(dy, n, Vector512.Load(weightSums + j)).Store(weightSums + j);
                (Vector512.Load(biasSums + j) + dy).Store(biasSums + j);
                Vector512<float> g = weight is null ? dy : dy * Vector512.Load(weight + j);
                sumG += g;
                sumGn = Vector512.FusedMultiplyAdd(g, n, sumGn);
            }
            Vector512<float> meanG = a.Common.Centered ? Vector512.Create(Vector512.Sum(sumG) / width) : default, meanGn = Vector512.Create(Vector512.Sum(sumGn) / width);
            for (int j = 0; j < width; j += 16)
            {
                Vector512<float> n = (Vector512.Load(x + j) - mean) * scale;
                Vector512<float> g = T.LoadVector(gradient, (nint)(row * width + j));
                if (weight is not null) g *= Vector512.Load(weight + j);
                (scale * (g - meanG - n * meanGn)).Store(dx + j);
            }
        }
    }
}
