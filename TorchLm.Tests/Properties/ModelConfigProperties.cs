using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchLm.Tests.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Properties;

/// <summary>Options go with each other, whichever are chosen.</summary>
public class ModelConfigProperties
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_combination_trains_resumes_keeps_the_future_out_and_can_be_cached(int seed)
    {
        var random = new Random(seed);
        ModelConfig config = Draw(random);
        var optimizing = new OptimizerConfig { Name = new[] { "adamw", "muon", "lion", "sgd" }[random.Next(config.BaseWidth > 0 ? 3 : 4)] };
        config.Validate();
        using (Gpt model = TinyGpt.WithWideWeights(config, seed))
        {
            Assert.Equal(TinyGpt.Count(model), ModelCost.Parameters(config));
            ReadingChecks.AssertCausal(model, config.ContextLength / 2, (m, ids) => m.forward(ids));
            ReadingChecks.AssertCachedIsUncached(model, 1);
            ReadingChecks.AssertCachedIsUncached(model, 3, 2);
        }
        using var folder = new TemporaryFolder();
        using Gpt whole = new(config, seed), resumed = new(config, seed + 1);
        using Optimizer optimizer = new(whole, optimizing), other = new(resumed, optimizing);
        Step(whole, optimizer, seed);
        string checkpoint = Checkpoint.Save(new RunFolder(folder.Path), whole, optimizer, new TrainingState { Step = 1 }, isBest: false, keep: 1);
        Step(whole, optimizer, seed);
        Checkpoint.Load(checkpoint, resumed, other);
        Step(resumed, other, seed);
        Dictionary<string, float[]> expected = TinyGpt.Parameters(whole);
        Assert.All(expected.Values.SelectMany(v => v), v => Assert.True(float.IsFinite(v)));
        Assert.All(TinyGpt.Parameters(resumed), p => Assert.Equal(expected[p.Key], p.Value));
    }

    private static void Step(Gpt model, Optimizer optimizer, int seed)
    {
        model.train();
        using Batch batch = RandomBatches.Make(seed, 2, model.Config.ContextLength, model.Config.VocabularySize);
        using Tensor loss = model.AccumulateGradients(batch.Inputs, batch.Targets, zLoss: 1e-3, checkpointActivations: seed % 2 == 0);
        double uniform = Math.Log(model.Config.VocabularySize);
        Assert.InRange(loss.item<float>(), 0.5 * uniform, 1.5 * uniform);
        optimizer.Step(1e-3).Dispose();
    }

    private static ModelConfig Draw(Random random)
    {
        bool Coin() => random.Next(2) == 0;
        T One<T>(params T[] choices) => choices[random.Next(choices.Length)];
        int heads = One(1, 2, 3, 4), headSize = One(4, 8, 16, 32), window = One(0, 0, 1, 2, 5, 100);
        return new ModelConfig
        {
            Family = One("gpt2", "llama"), LayerCount = One(1, 2, 3), HeadCount = heads, EmbeddingSize = heads * headSize,
            KeyValueHeadCount = One([.. Enumerable.Range(0, heads + 1).Where(k => k == 0 || heads % k == 0)]),
            ContextLength = One(1, 2, 6, 9), VocabularySize = One(5, 11, 50), VocabularyMultiple = One(1, 64), Bias = Coin(),
            Positions = One("learned", "sinusoidal", "rope", "none"), RopeBase = One(10_000.0, 100), RopeScale = One(1.0, 2),
            Norm = One("layernorm", "rmsnorm"), NormGain = Coin(), NormPlacement = One("pre", "post"), EmbeddingNorm = Coin(),
            Mlp = One("gelu", "relu2", "swiglu"), MlpSize = One(0, 0, 24, 13), Gelu = One("tanh", "exact"),
            QkNorm = Coin(), QkNormScale = One(1, 1.2),
            SlidingWindow = window, FullAttentionInterval = One(0, 1, 2), EmbeddingShortcuts = Coin(), ValueEmbeddings = Coin(), TiedHead = Coin(),
            LogitSoftCap = One(0.0, 15, 30), ZeroInitProjections = Coin(), BaseWidth = One(0, 0, 8, 48),
            ConvolutionWidth = One(0, 0, 1, 3, 9),
        };
    }
}
