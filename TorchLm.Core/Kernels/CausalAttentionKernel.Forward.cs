using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

internal static unsafe partial class CausalAttentionKernel
{
    /// <summary>output = softmax(scale · q·kᵀ, keys up to the query's position and in its window) · v.</summary>
    /// <param name="shape">One that is supported.</param>
    /// <param name="qkv">(B, T, H + 2K, D), queries, keys, values: what one joint projection gives.</param>
    /// <param name="output">(B, T, H, D).</param>
    /// <param name="logSumExp">(B, H, T), log Σ exp of each query's scores, for the backward pass.</param>
    public static void Forward<TElement>(AttentionShape shape, void* qkv, void* output, float* logSumExp)
        where TElement : struct, IElement
    {
        var tensors = new Tensors(shape, qkv, output, null, logSumExp, null);
        CpuThreads.Run(shape.Batch * shape.Heads, tensors, ForwardPair<TElement>);
    }

    /// <summary>A score whose exponential adds nothing to a sum of others, and that is never the greatest.</summary>
    private const float OutOfSight = -1e30f;

    private static long ForwardFloats(AttentionShape shape)
    {
        long padded = (long)shape.Length + Tile;
        return 2 * padded * shape.HeadSize + 2L * Tile * shape.HeadSize + Tile * Tile + 2 * Tile + 16 * Tile;
    }

    [MethodImpl(Loop)]
    private static void ForwardPair<TElement>(in Tensors tensors, int pair)
        where TElement : struct, IElement
    {
        int length = tensors.Shape.Length, width = tensors.Shape.HeadSize, window = tensors.Shape.Window;
        var queries = tensors.Qkv<TElement>(pair, 0);
        var keys = tensors.Qkv<TElement>(pair, 1);
        var values = tensors.Qkv<TElement>(pair, 2);
        var output = tensors.Output<TElement>(pair);
        float* logSumExp = tensors.LogSumExp(pair);

        var workspace = new KernelWorkspace(ForwardFloats(tensors.Shape));
        float* k = workspace.Take((long)RoundUp(length, Tile) * width); // (T / Tile, D, Tile): the keys of each square transposed
        float* v = workspace.Take((long)RoundUp(length, Tile) * width); // (T, D)
        float* q = workspace.Take(Tile * width);
        float* o = workspace.Take(Tile * width);
        float* scores = workspace.Take(Tile * Tile);
        float* maxima = workspace.Take(Tile);
        float* rescale = workspace.Take(Tile);
        float* sums = workspace.Take(Tile * 16); // 16 partial sums a row

        for (int start = 0; start < length; start += Tile)
        {
            int queryCount = Math.Min(Tile, length - start), rows = RoundUp(queryCount, MatrixProduct.Rows);
            float* newKeys = k + (nint)start * width, newValues = v + (nint)start * width;
            keys.TransposeTo(newKeys, Tile, start, queryCount);
            values.CopyTo(newValues, start, queryCount, rows, 1);
            queries.CopyTo(q, start, queryCount, rows, tensors.Shape.Scale);
            int firstTile = FirstTile(tensors.Shape, start);
            for (int i = firstTile; i <= start; i += Tile)
            {
                int keyStart = window == 0 ? i : start + firstTile - i;
                bool first = i == firstTile, diagonal = keyStart == start, cut = window > 0 && start + rows - keyStart > window;
                float* tileKeys = k + (nint)keyStart * width, tileValues = v + (nint)keyStart * width;
                for (int row = 0; row < rows; row += MatrixProduct.Rows)
                {
                    MatrixProduct.EightRows(q + row * width, width, 1, tileKeys, Tile, width, scores + row * Tile, Tile, Columns(row, diagonal), false);
                }
                if (cut) SetBeforeWindow(scores, rows, start - keyStart, window, OutOfSight);
                Softmax(scores, rows, diagonal, first, maxima, rescale, sums);
                if (cut) SetBeforeWindow(scores, rows, start - keyStart, window, 0);
                if (!first) ScaleRows(o, rows, width, rescale);
                for (int row = 0; row < rows; row += MatrixProduct.Rows)
                {
                    int steps = diagonal ? row + MatrixProduct.Rows : Tile;
                    MatrixProduct.EightRows(scores + row * Tile, Tile, 1, tileValues, width, steps, o + row * width, width, width, !first);
                }
            }
            for (int row = 0; row < queryCount; row++)
            {
                float sum = Vector512.Sum(Vector512.Load(sums + 16 * row));
                logSumExp[start + row] = maxima[row] + MathF.Log(sum);
                rescale[row] = 1 / sum;
            }
            ScaleRows(o, queryCount, width, rescale);
            output.CopyFrom(o, start, queryCount, 1);
        }
    }

    /// <summary>
    /// Scores become exp(score - maximum), with the greatest score of the row so far (Milakov and Gimelshein 2018); what was computed with an earlier
    /// maximum is to be multiplied by <paramref name="rescale"/>.
    /// </summary>
    [MethodImpl(Loop)]
    private static void Softmax(float* scores, int rows, bool diagonal, bool first, float* maxima, float* rescale, float* sums)
    {
        for (int row = 0; row < rows; row++, scores += Tile, sums += 16)
        {
            int last = Columns(row, diagonal) - 16;
            Vector512<float> mask = LastVectorMask(row, diagonal);
            Vector512<float> greatest = Vector512.ConditionalSelect(mask, Vector512.Load(scores + last), Vector512.Create(float.NegativeInfinity));
            for (int column = 0; column < last; column += 16) greatest = Vector512.MaxNative(greatest, Vector512.Load(scores + column));
            float maximum = Greatest(greatest);
            Vector512<float> sum = default;
            if (!first)
            {
                maximum = MathF.Max(maximum, maxima[row]);
                Vector512<float> factor = VectorMath.Exp(Vector512.Create(maxima[row] - maximum));
                rescale[row] = factor.ToScalar();
                sum = Vector512.Load(sums) * factor;
            }
            maxima[row] = maximum;
            Vector512<float> shift = Vector512.Create(maximum);
            for (int column = 0; column < last; column += 16)
            {
                Vector512<float> exp = VectorMath.Exp(Vector512.Load(scores + column) - shift);
                exp.Store(scores + column);
                sum += exp;
            }
            Vector512<float> lastExp = VectorMath.Exp(Vector512.Load(scores + last) - shift) & mask;
            lastExp.Store(scores + last);
            (sum + lastExp).Store(sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Greatest(Vector512<float> values)
    {
        Vector256<float> eight = Vector256.MaxNative(values.GetLower(), values.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(Loop)]
    private static void ScaleRows(float* matrix, int rows, int width, float* factors)
    {
        for (int row = 0; row < rows; row++)
        {
            Vector512<float> factor = Vector512.Create(factors[row]);
            for (int column = 0; column < width; column += 16, matrix += 16) (Vector512.Load(matrix) * factor).Store(matrix);
        }
    }
}
