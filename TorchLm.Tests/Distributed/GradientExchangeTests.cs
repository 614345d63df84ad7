using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Distributed;

/// <summary>
/// Ranks that are threads sum gradients within the backward pass. One that were summed before it is finished would come out wrong.
/// </summary>
public class GradientExchangeTests
{
    public static TheoryData<string> Architectures => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Two_ranks_have_the_gradients_of_one(string name) => AssertSame(ModelOptions.All[name], ranks: 2, new TrainingConfig { BatchSize = 4 });

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Activations_that_are_computed_again_change_nothing(string name) =>
        AssertSame(ModelOptions.All[name], ranks: 2, new TrainingConfig { BatchSize = 2, GradientAccumulationSteps = 2, ActivationCheckpointing = true });

    [Theory]
    [InlineData(2, 5, 1, 1)] // 2 + 3 sequences
    [InlineData(3, 4, 1, 1)] // 1 + 1 + 2
    [InlineData(3, 4, 2, 1)] // 2 + 3 + 3, at most 4 at once
    [InlineData(2, 2, 5, 1)] // 5 + 5, at most 2 at once
    [InlineData(2, 4, 1, 1_000_000)] // all in one bucket
    [InlineData(2, 4, 1, 2_000)]
    public void A_sequence_weighs_the_same_wherever_it_is_read(int ranks, int batchSize, int accumulation, long bucketBytes) =>
        AssertSame(TinyGpt.Config with { LayerCount = 3 }, ranks, new TrainingConfig { BatchSize = batchSize, GradientAccumulationSteps = accumulation }, bucketBytes);

    [Fact]
    public void Buckets_hold_blocks_from_the_last_to_the_first()
    {
        using var model = new Gpt(TinyGpt.Config with { LayerCount = 3, TiedHead = false });
        using var single = new GradientExchange(model, new AloneCollective(), bucketBytes: 1);
        using var all = new GradientExchange(model, new AloneCollective(), bucketBytes: 1 << 30);
        Assert.Equal(5, single.BucketCount); // head and final norm, three blocks, embeddings
        Assert.Equal(1, all.BucketCount);
        single.Clear();
        single.Finished(2);
        Assert.Equal(2, single.Begun);
        single.Finished(0);
        Assert.Equal(4, single.Begun);
        all.Clear();
        all.Finished(0);
        Assert.Equal(0, all.Begun);
    }

    [Fact]
    public void More_ranks_than_sequences_are_refused()
    {
        InputException e = Assert.Throws<InputException>(() => RankRules.Require(new TrainingConfig { BatchSize = 2 }, ranks: 3));
        Assert.Equal("There are 3 ranks, but a step reads 2 sequences (training.batchSize times training.gradientAccumulationSteps): " +
            "raise them, or take at most 2 ranks.", e.Message);
        RankRules.Require(new TrainingConfig { BatchSize = 2 }, ranks: 2);
        var growing = new TrainingConfig { BatchSize = 8, BatchWarmupSteps = 10, BatchWarmupFactor = 4 };
        Assert.Contains("2 sequences at first", Assert.Throws<InputException>(() => RankRules.Require(growing, ranks: 8)).Message, StringComparison.Ordinal);
    }

    private static void AssertSame(ModelConfig shape, int ranks, TrainingConfig config, long bucketBytes = 1)
    {
        (double loss, Dictionary<string, float[]> expected) = Gradients(shape, 1, config, bucketBytes)[0];
        (double Loss, Dictionary<string, float[]> Gradients)[] all = Gradients(shape, ranks, config, bucketBytes);
        foreach ((double theirs, Dictionary<string, float[]> gradients) in all)
        {
            Assert.Equal(loss, theirs, 1e-6);
            foreach ((string name, float[] gradient) in gradients)
            {
                float scale = expected[name].Max(Math.Abs);
                for (int i = 0; i < gradient.Length; i++) Assert.Equal(expected[name][i], gradient[i], (1e-4f * scale) + 1e-8f);
                Assert.Equal(all[0].Gradients[name], gradient); // bit by bit
            }
        }
    }

    /// <summary>Loss and gradients of the second of two steps, so that buckets are used again.</summary>
    private static (double Loss, Dictionary<string, float[]> Gradients)[] Gradients(ModelConfig shape, int ranks, TrainingConfig config, long bucketBytes) =>
        ThreadRanks.Run(ranks, rank =>
        {
            var optimizing = new OptimizerConfig { LearningRate = 1e-12, MinLearningRate = 0, WeightDecay = 0, WarmupSteps = 0 };
            using Gpt model = TinyGpt.WithWideWeights(shape);
            using GradientExchange? exchange = rank.WorldSize > 1 ? new(model, rank, bucketBytes: bucketBytes) : null;
            using var optimizer = new Optimizer(model, optimizing);
            using var batches = new RandomBatches(config.BatchSize, shape.ContextLength, shape.VocabularySize);
            using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(optimizing, 9), batches, config, exchange: exchange);
            step.Run(0);
            Dictionary<string, float[]> gradients = [];
            step.Run(1, onGradients: () => gradients = TinyGpt.Gradients(model));
            return (step.TakeOutcomes()[1].Loss, gradients);
        });
}
