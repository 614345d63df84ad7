using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

internal static unsafe partial class CausalAttentionKernel
{
    /// <summary>The gradients of queries, keys and values from the output's.</summary>
    /// <param name="shape">As in the forward pass.</param>
    /// <param name="qkv">(B, T, H + 2K, D).</param>
    /// <param name="output">(B, T, H, D), the forward pass's.</param>
    /// <param name="outputGradient">(B, T, H, D).</param>
    /// <param name="logSumExp">(B, H, T), the forward pass's.</param>
    /// <param name="qkvGradient">(B, T, H + 2K, D), overwritten.</param>
    public static void Backward<TElement>(AttentionShape shape, void* qkv, void* output, void* outputGradient, float* logSumExp, void* qkvGradient)
        where TElement : struct, IElement
    {
        var tensors = new Tensors(shape, qkv, output, outputGradient, logSumExp, qkvGradient);
        CpuThreads.Run(shape.Batch * shape.KeyHeads, tensors, BackwardGroup<TElement>);
    }

    /// <summary>The heads of queries that share a head of keys, one after another, so that their sums have one order and are rounded once.</summary>
    private static void BackwardGroup<TElement>(in Tensors tensors, int pair)
        where TElement : struct, IElement
    {
        int group = tensors.Group;
        for (int i = 0; i < group; i++) BackwardPair<TElement>(tensors, pair * group + i, first: i == 0, last: i == group - 1);
    }

    private static long BackwardFloats(AttentionShape shape)
    {
        long padded = (long)shape.Length + Tile;
        return (3L * shape.HeadSize + 2) * padded + 3L * Tile * shape.HeadSize + 2 * SumFloats(shape) + 2 * Tile * Tile;
    }

    /// <summary>Gradients of keys, or values, that are not in their tensor yet: a square's, or all where further heads will add to them.</summary>
    private static long SumFloats(AttentionShape shape) =>
        (shape.KeyHeads == shape.Heads ? Tile : (long)shape.Length + Tile) * shape.HeadSize;

    /// <summary>
    /// With S = scale · Q·Kᵀ, P = exp(S - log Σ exp S), O = P·V: dV = Pᵀ·dO; dP = dO·Vᵀ; dS = P ∘ (dP - Σ dP ∘ P), where that row sum is also Σ dO ∘ O;
    /// dQ = scale · dS·K; dK = scale · dSᵀ·Q.
    /// </summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="pair">Which sequence and head of queries.</param>
    /// <param name="first">Whether it is the first of those that share a head of keys.</param>
    /// <param name="last">Whether it is the last.</param>
    [MethodImpl(Loop)]
    private static void BackwardPair<TElement>(in Tensors tensors, int pair, bool first, bool last)
        where TElement : struct, IElement
    {
        int length = tensors.Shape.Length, width = tensors.Shape.HeadSize, padded = RoundUp(length, MatrixProduct.Rows), window = tensors.Shape.Window;
        var queries = tensors.Qkv<TElement>(pair, 0);
        var keys = tensors.Qkv<TElement>(pair, 1);
        var values = tensors.Qkv<TElement>(pair, 2);
        var queriesGradient = tensors.QkvGradient<TElement>(pair, 0);
        var keysGradient = tensors.QkvGradient<TElement>(pair, 1);
        var valuesGradient = tensors.QkvGradient<TElement>(pair, 2);
        var output = tensors.Output<TElement>(pair);
        var outputGradient = tensors.OutputGradient<TElement>(pair);

        // The sums come first, so that each head of a group finds them where the one before has left them.
        var workspace = new KernelWorkspace(BackwardFloats(tensors.Shape));
        float* allDK = workspace.Take(SumFloats(tensors.Shape)); // (Tile or T, D)
        float* allDV = workspace.Take(SumFloats(tensors.Shape));
        float* q = workspace.Take((long)padded * width); // (T, D), scaled
        float* dO = workspace.Take((long)padded * width);
        float* dQ = workspace.Take((long)padded * width);
        float* logSumExp = workspace.Take(padded);
        float* dot = workspace.Take(padded); // Σ dO ∘ O of each row
        float* k = workspace.Take(Tile * width); // (Tile, D)
        float* kTransposed = workspace.Take(Tile * width); // (D, Tile)
        float* vTransposed = workspace.Take(Tile * width);
        float* p = workspace.Take(Tile * Tile); // (queries, keys), as dS
        float* dS = workspace.Take(Tile * Tile);

        // Rows past the end have gradients of 0 and so give nothing to any sum.
        queries.CopyTo(q, 0, length, padded, tensors.Shape.Scale);
        outputGradient.CopyTo(dO, 0, length, padded, 1);
        new Span<float>(tensors.LogSumExp(pair), length).CopyTo(new(logSumExp, length));
        new Span<float>(logSumExp + length, padded - length).Clear();
        RowDots(dO, output, dot, length, width);
        new Span<float>(dot + length, padded - length).Clear();

        for (int keyStart = 0; keyStart < length; keyStart += Tile)
        {
            int keyCount = Math.Min(Tile, length - keyStart), paddedKeys = RoundUp(keyCount, MatrixProduct.Rows);
            nint sumsStart = tensors.Group == 1 ? 0 : (nint)keyStart * width;
            float* dK = allDK + sumsStart, dV = allDV + sumsStart;
            keys.CopyTo(k, keyStart, keyCount, paddedKeys, 1);
            keys.TransposeTo(kTransposed, Tile, keyStart, keyCount);
            values.TransposeTo(vTransposed, Tile, keyStart, keyCount);
            for (int start = keyStart; start < length && FirstTile(tensors.Shape, start) <= keyStart; start += Tile)
            {
                int rows = Math.Min(Tile, padded - start);
                bool firstKeys = keyStart == FirstTile(tensors.Shape, start), diagonal = keyStart == start, add = !diagonal || !first;
                float* tileQ = q + (nint)start * width, tileDO = dO + (nint)start * width, tileDQ = dQ + (nint)start * width;
                for (int row = 0; row < rows; row += MatrixProduct.Rows)
                {
                    MatrixProduct.EightRows(tileQ + row * width, width, 1, kTransposed, Tile, width, p + row * Tile, Tile, Columns(row, diagonal), false);
                }
                for (int row = 0; row < rows; row += MatrixProduct.Rows)
                {
                    MatrixProduct.EightRows(tileDO + row * width, width, 1, vTransposed, Tile, width, dS + row * Tile, Tile, Columns(row, diagonal), false);
                }
                SoftmaxBackward(p, dS, rows, diagonal, logSumExp + start, dot + start);
                if (window > 0 && start + rows - keyStart > window)
                {
                    SetBeforeWindow(p, rows, start - keyStart, window, 0);
                    SetBeforeWindow(dS, rows, start - keyStart, window, 0);
                }
                for (int key = 0; key < paddedKeys; key += MatrixProduct.Rows)
                {
                    int from = diagonal ? key : 0;
                    float* part = p + from * Tile + key;
                    MatrixProduct.EightRows(part, 1, Tile, tileDO + from * width, width, rows - from, dV + key * width, width, width, add);
                }
                for (int key = 0; key < paddedKeys; key += MatrixProduct.Rows)
                {
                    int from = diagonal ? key : 0;
                    float* part = dS + from * Tile + key;
                    MatrixProduct.EightRows(part, 1, Tile, tileQ + from * width, width, rows - from, dK + key * width, width, width, add);
                }
                for (int row = 0; row < rows; row += MatrixProduct.Rows)
                {
                    int steps = diagonal ? row + MatrixProduct.Rows : Tile;
                    MatrixProduct.EightRows(dS + row * Tile, Tile, 1, k, width, steps, tileDQ + row * width, width, width, !firstKeys);
                }
            }
            if (!last) continue;
            keysGradient.CopyFrom(dK, keyStart, keyCount, 1);
            valuesGradient.CopyFrom(dV, keyStart, keyCount, 1);
        }
        queriesGradient.CopyFrom(dQ, 0, length, tensors.Shape.Scale);
    }

    /// <summary>The dot product of each row of <paramref name="left"/>, dense, with the same row of <paramref name="right"/>.</summary>
    [MethodImpl(Loop)]
    private static void RowDots<TElement>(float* left, HeadMatrix<TElement> right, float* dots, int rows, int width)
        where TElement : struct, IElement
    {
        for (int row = 0; row < rows; row++)
        {
            Vector512<float> sum = default;
            for (int column = 0; column < width; column += 16, left += 16)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(left), right.Load(row, column), sum);
            }
            dots[row] = Vector512.Sum(sum);
        }
    }

    /// <summary>Scores become probabilities P = exp(S - log Σ exp S), and the probabilities' gradients the scores', dS = P ∘ (dP - dot).</summary>
    [MethodImpl(Loop)]
    private static void SoftmaxBackward(float* p, float* dS, int rows, bool diagonal, float* logSumExp, float* dot)
    {
        for (int row = 0; row < rows; row++, p += Tile, dS += Tile)
        {
            int last = Columns(row, diagonal) - 16;
            Vector512<float> shift = Vector512.Create(logSumExp[row]), mean = Vector512.Create(dot[row]);
            for (int column = 0; column < last; column += 16)
            {
                Vector512<float> exp = VectorMath.Exp(Vector512.Load(p + column) - shift);
                exp.Store(p + column);
                (exp * (Vector512.Load(dS + column) - mean)).Store(dS + column);
            }
            Vector512<float> lastExp = VectorMath.Exp(Vector512.Load(p + last) - shift) & LastVectorMask(row, diagonal);
            lastExp.Store(p + last);
            (lastExp * (Vector512.Load(dS + last) - mean)).Store(dS + last);
        }
    }
}
