using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>Sizes of causal attention: B sequences, T positions, H heads, D channels a head.</summary>
internal readonly record struct AttentionShape(int Batch, int Length, int Heads, int HeadSize);

/// <summary>
/// Causal multi-head attention with a softmax over q·k / √D (Vaswani et al. 2017, 3.2) of which only log Σ exp is kept, the probabilities being
/// computed again backwards (Dao et al. 2022, FlashAttention). Elements are float32 or bfloat16, all arithmetic is in float32.
/// </summary>
/// <remarks>
/// A pair of sequence and head is one piece of parallel work. Its scores are computed in squares of <see cref="Tile"/> queries by <see cref="Tile"/>
/// keys, those above the diagonal never, and in the squares on the diagonal each eight rows only as far as they need. What comes out does not depend on
/// the number of threads.
/// </remarks>
internal static unsafe partial class CausalAttentionKernel
{
    /// <summary>Queries, and keys, of a square of scores: such squares and their operands are at home in the first- and second-level caches.</summary>
    private const int Tile = 64;

    // Loops over a matrix are methods of their own, as in HeadMatrix.
    private const MethodImplOptions Loop = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    /// <summary>
    /// Whether the kernel can do this shape: a head size that is a multiple of 16, and any length for which one head's queries, output gradients and
    /// query gradients, in float32, are below 2³¹ numbers.
    /// </summary>
    public static bool Supports(AttentionShape shape) =>
        shape is { Batch: >= 1, Length: >= 1, Heads: >= 1, HeadSize: >= 16 } && shape.HeadSize % 16 == 0
        && BackwardFloats(shape) < int.MaxValue && ForwardFloats(shape) < int.MaxValue;

    /// <summary>The tensors of a call.</summary>
    private readonly struct Tensors(AttentionShape shape, void* qkv, void* output, void* outputGradient, float* logSumExp, void* qkvGradient)
    {
        public AttentionShape Shape { get; } = shape;

        public float Scale => 1 / MathF.Sqrt(Shape.HeadSize);

        public HeadMatrix<TElement> Qkv<TElement>(int pair, int part)
            where TElement : struct, IElement => Part<TElement>(qkv, pair, part, 3);

        public HeadMatrix<TElement> QkvGradient<TElement>(int pair, int part)
            where TElement : struct, IElement => Part<TElement>(qkvGradient, pair, part, 3);

        public HeadMatrix<TElement> Output<TElement>(int pair)
            where TElement : struct, IElement => Part<TElement>(output, pair, 0, 1);

        public HeadMatrix<TElement> OutputGradient<TElement>(int pair)
            where TElement : struct, IElement => Part<TElement>(outputGradient, pair, 0, 1);

        public float* LogSumExp(int pair) => logSumExp + (nint)pair * Shape.Length;

        /// <summary>A (B, T, parts, H, D) tensor's part for one pair of sequence and head.</summary>
        private HeadMatrix<TElement> Part<TElement>(void* data, int pair, int part, int parts)
            where TElement : struct, IElement
        {
            (int batch, int head) = Math.DivRem(pair, Shape.Heads);
            nint rowStride = (nint)parts * Shape.Heads * Shape.HeadSize;
            return new(data, (nint)batch * Shape.Length * rowStride + ((nint)part * Shape.Heads + head) * Shape.HeadSize, rowStride, Shape.HeadSize);
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Columns of scores that the eight rows from <paramref name="row"/> of a square need.</summary>
    private static int Columns(int row, bool diagonal) => diagonal ? (row | 15) + 1 : Tile;

    /// <summary>
    /// For the last vector of a row's scores, which ones count: in a square on the diagonal those up to the row's own position, elsewhere all.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> LastVectorMask(int row, bool diagonal) =>
        Vector512.LessThanOrEqual(Vector512<int>.Indices, Vector512.Create(diagonal ? row & 15 : 15)).AsSingle();
}
