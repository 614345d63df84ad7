using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>What training takes of the device's memory, in bytes, by what it is for.</summary>
/// <param name="Weights">float32 parameters, and their copies in the type of products where that is another.</param>
/// <param name="Gradients">float32.</param>
/// <param name="Moments">What the optimiser keeps, AdamW's two moments or the like, float32.</param>
/// <param name="Activations">What the forward pass leaves for the backward pass, for all blocks or, where they are computed again, for one; the last norm and logits.</param>
/// <param name="Program">On a CPU the program itself (.NET, libtorch, its threads), and the copy that a checkpoint is written from.</param>
/// <remarks>
/// An account of what <see cref="Gpt"/> keeps: with TorchLm's own kernels on a CPU, and on a GPU with libtorch's operators, for which it is untried. Two numbers in
/// it are measured (Linux, glibc): what the program takes, and what the C library's heap holds between pieces that were given back; docs/runs.md has the
/// comparison with runs.
/// </remarks>
public sealed record TrainingMemory(long Weights, long Gradients, long Moments, long Activations, long Program)
{
    private const long ProgramBytes = 220L << 20;

    /// <summary>The heap's share on top of activations.</summary>
    private const double HeapShare = 0.08;

    /// <summary>
    /// Recomputing blocks leaves about one block's worth of pieces scattered over the heap, and another one where float32 pieces are as large as the heap takes
    /// (glibc gives larger ones back to the system at once).
    /// </summary>
    private const long LargestHeapPiece = 32 << 20;

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Moments + Activations + Program;

    /// <summary>The part of <see cref="Moments"/> that is the running mean of the weights.</summary>
    public long Average { get; init; }

    /// <summary>
    /// All of it on each of several ranks that keep equal parts of the optimiser's state (ZeRO stage 1, Rajbhandari et al. 2020), and all of the running mean.
    /// </summary>
    public long TotalWithShardedMoments(int ranks) => Total - (Moments - Average) + ((Moments - Average + ranks - 1) / ranks);

    /// <summary>The account for a model and a micro-batch.</summary>
    /// <param name="shape">The model, its vocabulary known.</param>
    /// <param name="sequences">Sequences in the micro-batch.</param>
    /// <param name="precision">What products are computed in.</param>
    /// <param name="checkpointing">Whether blocks are computed a second time for their gradients.</param>
    /// <param name="onCpu">Whether it is a CPU that trains.</param>
    /// <param name="optimizer">The optimiser; null is AdamW.</param>
    public static TrainingMemory Of(ModelConfig shape, int sequences, Precision precision, bool checkpointing, bool onCpu, OptimizerConfig? optimizer = null)
    {
        optimizer ??= new OptimizerConfig();
        long padding = shape.PaddedVocabularySize - shape.VocabularySize, tables = shape.TiedHead ? 1 : 2;
        long values = shape.ValueEmbeddings ? (long)shape.LayerCount * shape.KeyValueHeads * shape.HeadSize : 0; // of a token, in all blocks
        long parameters = ModelCost.Parameters(shape) + (padding * ((tables * shape.EmbeddingSize) + values));
        long tokens = (long)sequences * shape.ContextLength, c = shape.EmbeddingSize;
        long type = precision.ComputeType() == ScalarType.Float32 ? sizeof(float) : 2;
        long copies = type == sizeof(float) ? 0 : type * parameters;
        long block = tokens * BlockBytes(shape, type, onCpu), widest = shape.MlpWidth + Inside(shape);
        long backward = tokens * type * widest; // gradients of one block's widest part, both sides of the activation
        int scattered = !onCpu || !checkpointing ? 0 : type == sizeof(float) && tokens * Inside(shape) * type <= LargestHeapPiece ? 2 : 1;
        long holes = scattered * (block + backward);
        if (shape.Dropout > 0)
        {
            // libtorch's attention: weights before (float32) and after dropout, which were dropped, and copies of queries, keys and values; while it works
            // three more, which fit into the holes where there are many.
            long weights = tokens * shape.HeadCount * shape.ContextLength;
            block += (weights * (sizeof(float) + type + 1)) + (tokens * c * ((5 * type) + 2));
            if (scattered < 2) backward += 3 * weights * sizeof(float);
        }
        long inputs = tokens * sizeof(float) * c * shape.LayerCount;
        if (checkpointing) holes = Math.Min(holes, Math.Max(0, (block * shape.LayerCount) - inputs - block)); // few blocks leave few pieces
        long row = shape.PaddedVocabularySize * type;
        long head = (tokens * c * (sizeof(float) + (2 * type))) + Math.Min(tokens * row, Math.Max(row, LinearCrossEntropy.ChunkBytes));
        long activations = head + backward + (checkpointing ? Math.Min(inputs + block, block * shape.LayerCount) : block * shape.LayerCount);
        if (onCpu) activations += (long)(HeapShare * activations) + holes;
        long program = onCpu ? ProgramBytes + ((1L + optimizer.StateNumbers()) * sizeof(float) * parameters) : 0;
        return new TrainingMemory((sizeof(float) * parameters) + copies, sizeof(float) * parameters,
            (long)optimizer.MemoryNumbers() * sizeof(float) * parameters, activations, program)
        {
            Average = optimizer.AverageDecay > 0 ? sizeof(float) * parameters : 0,
        };
    }

    /// <summary>What a block keeps for a token.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="type">Bytes of a number in products.</param>
    /// <param name="onCpu">Whether TorchLm's kernels compute it; libtorch's operators keep float32 in places.</param>
    private static long BlockBytes(ModelConfig shape, long type, bool onCpu)
    {
        long c = shape.EmbeddingSize, keysAndValues = (long)shape.KeyValueHeads * shape.HeadSize;
        // In float32 the block's input, the sum after attention, and a few numbers a row.
        long wide = (2 * c) + 4 + shape.HeadCount;
        if (shape.EmbeddingShortcuts) wide += c;
        if (shape.ValueEmbeddings) wide += keysAndValues;
        // Both norms' outputs; queries, keys, values; attention's output and its projection; both sides of the activation.
        long narrow = (2 * c) + shape.QkvSize + (2 * c) + Inside(shape) + shape.MlpWidth;
        if (shape.QkNorm && onCpu) narrow += shape.QkvSize; // before the norm
        if (shape.QkNorm && !onCpu) wide += shape.QkvSize - keysAndValues;
        if (shape.ConvolutionWidth > 0 && onCpu) narrow += 2 * c; // inputs of the two
        if (shape.ConvolutionWidth > 0 && !onCpu) wide += 2 * shape.ConvolutionWidth * c; // one for each place in the window
        return (sizeof(float) * wide) + (type * narrow);
    }

    /// <summary>Numbers of a token before the MLP's activation: gates and values where it is gated.</summary>
    private static long Inside(ModelConfig shape) => (shape.IsGated ? 2L : 1) * shape.MlpWidth;
}
