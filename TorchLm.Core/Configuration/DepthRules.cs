namespace TorchLm.Core.Configuration;

/// <summary>
/// One dial: the whole configuration of a run as a function of the model's depth, so that a larger model is one number and no search. The idea is
/// nanochat's (Karpathy 2025, <c>scripts/base_train.py --depth</c>); where a rule differs from nanochat's, its remark says why. The recipe, which is
/// the same at all depths, is the preset shakespeare-modern-cpu's, but for its wider start and its base of rotary positions.
/// </summary>
public static class DepthRules
{
    /// <summary>The smallest depth that the rules are for.</summary>
    public const int Least = 1;

    /// <summary>The largest depth that the rules are for.</summary>
    public const int Most = 24;

    /// <summary>Channels of the residual stream for each layer: nanochat's aspect ratio.</summary>
    private const int WidthPerLayer = 64;

    /// <summary>Channels of a head, which every attention kernel has a fast path for; a depth of N has N heads.</summary>
    private const int HeadSize = 64;

    /// <summary>A head of 32768 ids is about a fifth of the model at depth 12, and uint16 shards hold them.</summary>
    private const int LargestVocabulary = 1 << 15;

    /// <summary>
    /// Hoffmann et al. 2022 ("Chinchilla"), counted in the blocks' matrices: embeddings take little arithmetic. nanochat takes 12 of matrices and
    /// head, which at depth 12 is a fifth less.
    /// </summary>
    private const long TokensPerParameter = 20;

    /// <summary>Updates that a run should have. The recipe's rates were measured at 2000; nanochat's depth 12 has some 2500.</summary>
    private const double AimedSteps = 3840;

    /// <summary>Below this an update is mostly noise; above, where nanochat measured the best batch at depth 12, it wastes tokens.</summary>
    private const int LeastBatchTokens = 1 << 10, MostBatchTokens = 1 << 19;

    /// <summary>Tokens computed at once: beyond this a step takes more memory and hardly less time.</summary>
    private const int MicroBatchTokens = 8192;

    /// <summary>
    /// Evaluations in a run; every other one comes with a checkpoint. Steps are a multiple, so that the last of each falls on the last step.
    /// </summary>
    private const int Evaluations = 20;

    /// <summary>The width at which <see cref="AdamWRate"/> was measured.</summary>
    private const double MeasuredWidth = 128;

    /// <summary>What AdamW learns embeddings, head and vectors with at <see cref="MeasuredWidth"/>.</summary>
    private const double AdamWRate = 1e-2;

    /// <summary>Muon's rate for matrices at every width: its updates have singular values near 1 whatever the shape (Jordan et al. 2024).</summary>
    private const double MuonRate = 0.02;

    /// <summary>The configuration of a depth; its data is the built-in corpus until a path is set.</summary>
    /// <param name="depth">Layers, from <see cref="Least"/> to <see cref="Most"/>.</param>
    /// <exception cref="InputException">The depth is outside of that.</exception>
    public static RunConfig Configure(int depth)
    {
        if (depth is < Least or > Most) throw new InputException($"The depth is {depth}, but it must be at least {Least} and at most {Most}.");
        return new RunConfig { Model = Model(depth), Data = Data(depth), Optimizer = Optimizer(depth), Training = Training(depth) };
    }

    /// <summary>Numbers in the blocks' four matrices: 3C² + C² for attention, 4C² + 4C² for the MLP.</summary>
    public static long MatrixParameters(int depth) => 12L * depth * Width(depth) * Width(depth);

    /// <summary>
    /// Tokens of an update: an equal share of the run's tokens, so that all depths have about as many updates, and a rate and a schedule that are
    /// right for one are so for all. A power of two.
    /// </summary>
    /// <remarks>
    /// nanochat's batch grows with the tokens' power of 0.383 (Bergsma et al. 2025) from the largest one here. That law is the largest batch that
    /// wastes nothing; below depth 12 it would leave few updates (400 at depth 4), and this rule stays under it.
    /// </remarks>
    public static int BatchTokens(int depth) =>
        Math.Clamp(1 << (int)Math.Round(Math.Log2(AimedTokens(depth) / AimedSteps)), LeastBatchTokens, MostBatchTokens);

    private static int Width(int depth) => WidthPerLayer * depth;

    private static long AimedTokens(int depth) => TokensPerParameter * MatrixParameters(depth);

    /// <summary>The width, rounded up to a power of two: attention's share of the arithmetic, about T / 6C, then stays the same.</summary>
    private static int Context(int depth)
    {
        int context = WidthPerLayer;
        while (context < Width(depth)) context *= 2;
        return context;
    }

    private static ModelConfig Model(int depth) => new()
    {
        LayerCount = depth,
        HeadCount = Width(depth) / HeadSize,
        EmbeddingSize = Width(depth),
        ContextLength = Context(depth),
        VocabularyMultiple = 64, // rows that suit matrix units, where a little text gives a smaller vocabulary
        Positions = ModelConfig.Rope,
        Norm = ModelConfig.RmsNorm,
        NormGain = false,
        EmbeddingNorm = true,
        Mlp = ModelConfig.Relu2,
        QkNorm = true,
        QkNormScale = 1.2,
        ConvolutionWidth = 3,
        TiedHead = false,
        ZeroInitProjections = true,
    };

    /// <summary>The vocabulary doubles every second layer, so that embedding and head neither dwarf a small model nor starve a large one.</summary>
    private static DataConfig Data(int depth) =>
        new() { Tokenizer = "bpe", VocabularySize = Math.Min(512 << ((depth + 1) / 2), LargestVocabulary) };

    /// <summary>AdamW's rate falls with the root of the width, as nanochat's does; four decimals are more than anyone can measure.</summary>
    private static OptimizerConfig Optimizer(int depth) => new()
    {
        Name = "muon",
        MuonLearningRate = MuonRate,
        LearningRate = Math.Round(AdamWRate * Math.Sqrt(MeasuredWidth / Width(depth)), 4),
        MinLearningRate = 0,
        WarmupSteps = 0,
        Schedule = "linear",
        WeightDecay = 0,
        Beta1 = 0.8,
        Beta2 = 0.95,
        GradientClip = 0,
    };

    private static TrainingConfig Training(int depth)
    {
        int batch = BatchTokens(depth), micro = Math.Min(batch, MicroBatchTokens);
        int steps = Evaluations * (int)Math.Round((double)AimedTokens(depth) / batch / Evaluations, MidpointRounding.AwayFromZero);
        return new TrainingConfig
        {
            Steps = steps,
            BatchSize = micro / Context(depth),
            GradientAccumulationSteps = batch / micro,
            EvalInterval = steps / Evaluations,
            SaveInterval = 2 * (steps / Evaluations),
        };
    }
}
