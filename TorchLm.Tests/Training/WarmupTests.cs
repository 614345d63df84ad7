using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

/// <summary>Batches and contexts that grow at the beginning of a run.</summary>
public class WarmupTests
{
    private static readonly TrainingConfig s_growing = new() { BatchSize = 4, GradientAccumulationSteps = 2, BatchWarmupSteps = 7, BatchWarmupFactor = 8 };

    /// <summary>Three stages in seven steps: 3, 2 and 2 of them.</summary>
    [Fact]
    public void The_batch_doubles_in_equal_stages()
    {
        var sizes = new StepSizes(s_growing);
        Assert.Equal([1, 1, 1, 2, 2, 4, 4, 8, 8, 8], Enumerable.Range(0, 10).Select(step => sizes.SequencesAt(step)));
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 8)]
    [InlineData(2, 8)]
    [InlineData(7, 8)]
    [InlineData(300, 4)]
    public void A_step_begins_where_the_one_before_ends(int steps, int factor)
    {
        var sizes = new StepSizes(s_growing with { BatchWarmupSteps = steps, BatchWarmupFactor = factor });
        long position = 0;
        for (long step = 0; step < 400; position += sizes.SequencesAt(step++)) Assert.Equal(position, sizes.SequencesBefore(step));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]  // a part that divides neither the batch nor what a step reads of it
    [InlineData(1)]
    public void Every_sequence_is_read_once_and_in_order(int batchSize)
    {
        using var batches = new NumberedBatches(batchSize);
        using var reader = new SequenceReader(batches);
        var sizes = new StepSizes(s_growing);
        List<long> read = [];
        for (long step = 0; step < 12; step++)
        {
            int half = Math.Max(1, sizes.SequencesAt(step) / 2);
            for (int part = 0; part < sizes.SequencesAt(step); part += half)
            {
                using Batch batch = reader.Read(sizes.SequencesBefore(step) + part, half);
                read.AddRange(batch.Inputs.cpu().data<long>());
                Assert.True(batch.Targets.allclose(batch.Inputs.neg()));
            }
        }
        Assert.Equal(Enumerable.Range(0, 3 + 4 + 8 + (5 * 8)).Select(i => (long)i), read);
    }

    [Fact]
    public void A_run_whose_batch_grows_counts_its_tokens_and_asks_for_each_batch_once()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with
        {
            Training = TestRun.Config.Training with { Steps = 8, BatchSize = 4, BatchWarmupSteps = 6, EvalInterval = 100, LogInterval = 1 },
        };
        List<long> asked = [];
        using (var run = new TestRun(folder.Path, config, beforeStep: (index, _) => asked.Add(index))) // batches are of one micro-step here
        {
            run.Run();
            Assert.Equal((3 * 1) + (3 * 2) + (2 * 4), run.Trainer.State.Tokens / 8);
            Assert.Equal([8, 16, 24, 40, 56, 72, 104, 136], run.Observer.Steps.Select(s => s.Tokens));
        }
        Assert.Equal([0, 1, 2, 3, 4], asked);
        Assert.Equal(17, MicroBatch.SequencesInRun(config.Training));
    }

    [Fact]
    public void The_context_grows_by_cutting_the_same_sequences()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config), other = TinyGpt.WithWideWeights(TinyGpt.Config);
        TrainingConfig config = new() { BatchSize = 2, ContextWarmupSteps = 4 };
        Assert.Equal([4, 4, 2, 2, 1, 1], Enumerable.Range(0, 6).Select(step => new StepSizes(config).PiecesAt(step)));
        using var batches = new RandomBatches(2, 8, 11);
        using var optimizer = new TorchLm.Core.Optimization.Optimizer(model, new OptimizerConfig());
        using var step = new TrainingStep(model, optimizer, new TorchLm.Core.Optimization.LearningRateSchedule(new OptimizerConfig(), 10), batches, config);
        Dictionary<string, float[]>? gradients = null;
        step.Run(2, onGradients: () => gradients = TinyGpt.Gradients(model));
        Assert.Equal(16, step.TokensAt(2));

        // Two halves of each sequence, as rows of their own.
        using var scope = NewDisposeScope();
        using Batch whole = RandomBatches.Make(2, 2, 8, 11);
        long[][] Halves(Tensor ids) => [.. ids.data<long>().ToArray().Chunk(4)];
        other.AccumulateGradients(TinyGpt.Ids(Halves(whole.Inputs)), TinyGpt.Ids(Halves(whole.Targets)));
        Assert.All(TinyGpt.Gradients(other), g => Assert.Equal(g.Value, gradients![g.Key]));
    }

    [Theory]
    [InlineData("training.batchWarmupFactor=6", "training.batchWarmupFactor is 6, but it must be a power of two.")]
    [InlineData("training.contextWarmupFactor=3", "training.contextWarmupFactor is 3, but it must be a power of two.")]
    [InlineData("training.batchWarmupFactor=8",
        "training.batchWarmupFactor is 8, but it must divide the effective batch of 12 sequences, for training.batchWarmupSteps is above 0.")]
    [InlineData("training.contextWarmupFactor=128",
        "training.contextWarmupFactor is 128, but it must divide model.contextLength (64), for training.contextWarmupSteps is above 0.")]
    public void What_cannot_be_divided_is_refused(string setting, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<TorchLm.Core.InputException>(() => RunConfig.Parse("{}", "test.json",
            ["training.batchWarmupSteps=5", "training.contextWarmupSteps=5", "model.contextLength=64", "training.batchSize=12", setting])).Message);

    /// <summary>Sequences of a single token, their number, whose target is its negative.</summary>
    private sealed class NumberedBatches(int batchSize) : IBatchSource
    {
        public int BatchSize => batchSize;

        public int ContextLength => 1;

        public Batch GetBatch(long index)
        {
            Tensor ids = tensor([.. Enumerable.Range(0, batchSize).Select(row => (index * batchSize) + row)], [batchSize, 1]);
            return new Batch(ids, ids.neg());
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
