using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>Sizes of causal attention: B sequences, T positions, H heads, D channels a head.</summary>
internal readonly record struct AttentionShape(int Batch, int Length, int Heads, int HeadSize)
{
    private readonly int _keyHeads;
    private readonly float _scale;

    /// <summary>Heads of keys and values, a divisor of H; each serves H / K heads of queries one after another. As many as queries where nothing is said.</summary>
    public int KeyHeads
    {
        get => _keyHeads == 0 ? Heads : _keyHeads;
        init => _keyHeads = value;
    }

    /// <summary>What products of queries and keys are multiplied by: 1 / √D where nothing is said.</summary>
    public float Scale
    {
        get => _scale == 0 ? 1 / MathF.Sqrt(HeadSize) : _scale;
        init => _scale = value;
    }

    /// <summary>Positions that a query sees at most, its own included; 0 is all up to its own.</summary>
    public int Window { get; init; }
}

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
        shape is { Batch: >= 1, Length: >= 1, Heads: >= 1, HeadSize: >= 16 } && shape.HeadSize % 16 == 0 && shape.Heads % shape.KeyHeads == 0
        && BackwardFloats(shape) < int.MaxValue && ForwardFloats(shape) < int.MaxValue;

    /// <summary>The tensors of a call.</summary>
    private readonly struct Tensors(AttentionShape shape, void* qkv, void* output, void* outputGradient, float* logSumExp, void* qkvGradient)
    {
        public AttentionShape Shape { get; } = shape;

        /// <summary>Heads of queries that share a head of keys.</summary>
        public int Group => Shape.Heads / Shape.KeyHeads;

        public HeadMatrix<TElement> Qkv<TElement>(int pair, int part)
            where TElement : struct, IElement => Part<TElement>(qkv, pair, part);

        public HeadMatrix<TElement> QkvGradient<TElement>(int pair, int part)
            where TElement : struct, IElement => Part<TElement>(qkvGradient, pair, part);

        public HeadMatrix<TElement> Output<TElement>(int pair)
            where TElement : struct, IElement => Head<TElement>(output, pair, Shape.Heads);

        public HeadMatrix<TElement> OutputGradient<TElement>(int pair)
            where TElement : struct, IElement => Head<TElement>(outputGradient, pair, Shape.Heads);

        public float* LogSumExp(int pair) => logSumExp + (nint)pair * Shape.Length;

        /// <summary>Of (B, T, H + 2K, D) the queries (0), keys (1) or values (2) for one pair of sequence and query head.</summary>
        private HeadMatrix<TElement> Part<TElement>(void* data, int pair, int part)
            where TElement : struct, IElement
        {
            int heads = Shape.Heads + 2 * Shape.KeyHeads, first = part == 0 ? 0 : Shape.Heads + (part - 1) * Shape.KeyHeads;
            int batch = pair / Shape.Heads, head = pair % Shape.Heads;
            return Head<TElement>(data, batch * heads + first + (part == 0 ? head : head / Group), heads);
        }

        /// <summary>A head of (B, T, heads, D), its number that of the sequence times all heads plus its own.</summary>
        private HeadMatrix<TElement> Head<TElement>(void* data, int number, int heads)
            where TElement : struct, IElement
        {
            (int batch, int head) = Math.DivRem(number, heads);
            nint rowStride = (nint)heads * Shape.HeadSize;
            return new(data, (nint)batch * Shape.Length * rowStride + (nint)head * Shape.HeadSize, rowStride, Shape.HeadSize);
        }
    }

    /// <summary>
    /// The first square of keys that queries from <paramref name="start"/> on see any of. With a window the squares are gone through from the diagonal
    /// down: there every query sees at least itself, so that its greatest score is one that counts from the first square on.
    /// </summary>
    private static int FirstTile(AttentionShape shape, int start) => shape.Window == 0 ? 0 : Math.Max(0, start - shape.Window + 1) / Tile * Tile;

    /// <summary>Sets those of a square's scores that lie before their queries' windows to <paramref name="value"/>.</summary>
    /// <param name="square">(queries, keys).</param>
    /// <param name="rows">Queries.</param>
    /// <param name="distance">The first query's position less the first key's.</param>
    /// <param name="window">Positions that a query sees.</param>
    /// <param name="value">The value.</param>
    [MethodImpl(Loop)]
    private static void SetBeforeWindow(float* square, int rows, int distance, int window, float value)
    {
        for (int row = 0; row < rows; row++, square += Tile)
        {
            int before = Math.Min(Tile, distance + row - window + 1);
            if (before > 0) new Span<float>(square, before).Fill(value);
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
