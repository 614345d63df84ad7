using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class MicroBatchTests
{
    private static readonly TrainingConfig s_training = new() { BatchSize = 12, GradientAccumulationSteps = 5 };

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(7, new[] { 1, 7 })]
    [InlineData(36, new[] { 1, 2, 3, 4, 6, 9, 12, 18, 36 })]
    [InlineData(int.MaxValue, new[] { 1, int.MaxValue })] // a prime
    public void Divisors_are_all_of_them_in_order(int number, int[] divisors) => Assert.Equal(divisors, MicroBatch.Divisors(number));

    [Theory]
    [InlineData(1, 60)]
    [InlineData(60, 1)]
    [InlineData(20, 3)]
    public void The_effective_batch_stays(int sequences, int accumulation)
    {
        TrainingConfig changed = MicroBatch.Apply(s_training, sequences);
        Assert.Equal((sequences, accumulation), (changed.BatchSize, changed.GradientAccumulationSteps));
        Assert.Equal(12 * s_training.EvalBatches, changed.BatchSize * changed.EvalBatches); // as many windows
        Assert.Equal(s_training, changed with { BatchSize = 12, GradientAccumulationSteps = 5, EvalBatches = s_training.EvalBatches });
    }

    [Theory]
    [InlineData(7, "use 6 or 10.")]
    [InlineData(61, "use 60.")]
    [InlineData(0, "use 1.")]
    public void What_does_not_divide_it_is_refused_with_what_does(int sequences, string hint)
    {
        string message = Assert.Throws<InputException>(() => MicroBatch.Apply(s_training, sequences)).Message;
        Assert.Contains($"--micro-batch is {sequences}, but it must divide the effective batch of 60", message, StringComparison.Ordinal);
        Assert.EndsWith(hint, message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_effective_batch_that_cannot_be_counted_is_refused() =>
        Assert.Throws<InputException>(() => MicroBatch.Apply(new TrainingConfig { BatchSize = int.MaxValue, GradientAccumulationSteps = 3 }, 2));

    [Theory]
    [InlineData(1000, 64)]
    [InlineData(100 + 64 * 10, 64)]
    [InlineData(100 + 64 * 10 - 1, 32)]
    [InlineData(160, 4)]
    [InlineData(159, 1)] // 40 of the constant 100 bytes are taken for the first sequence's, so that a second might take 160
    [InlineData(139, 1)]
    [InlineData(110, 1)]
    [InlineData(109, 0)]
    public void The_search_finds_the_largest_that_fits_and_never_tries_one_that_does_not(long limit, int expected)
    {
        List<int> tried = [];
        int found = MicroBatchSearch.Largest([1, 2, 4, 8, 16, 32, 64], limit, 60, 0, size =>
        {
            tried.Add(size);
            long bytes = 100 + 10 * size;
            Assert.True(bytes <= limit || size == 1, $"{size} does not fit.");
            return bytes;
        });
        Assert.Equal(expected, found);
        Assert.Equal(Math.Max(expected, 1), tried[^1]);
    }

    [Fact]
    public void Growth_that_the_measurement_does_not_show_is_foreseen()
    {
        List<int> tried = [];
        int found = MicroBatchSearch.Largest([1, 2, 37, 74], 1000, 0, leastPerSequence: 30, size =>
        {
            tried.Add(size);
            return size <= 2 ? 0 : 30 * size;
        });
        Assert.Equal(2, found);
        Assert.Equal([1, 2], tried);
    }

    [Fact]
    public void Memory_that_runs_out_ends_the_search() =>
        Assert.Equal(4, MicroBatchSearch.Largest([1, 2, 4, 8], long.MaxValue, 0, 0, size => size > 4 ? null : 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trial_leaves_the_generator_and_no_tensors(bool checkpointing)
    {
        ModelConfig shape = TinyGpt.Config with { Dropout = 0.5 };
        var training = new TrainingConfig { BatchSize = 6, ActivationCheckpointing = checkpointing };
        MicroBatchTrial.Largest(shape, training, CPU, Precision.Float32); // what lives as long as the process is made
        using Tensor before = get_rng_state();
        long tensors = LiveTensors.OfThisThread;
        (int sequences, long bytes) = MicroBatchTrial.Largest(shape, training, CPU, Precision.Float32);
        Assert.Equal(tensors, LiveTensors.OfThisThread);
        Assert.Equal(6, sequences);
        Assert.InRange(bytes, 1L << 20, 1L << 50);
        using Tensor after = get_rng_state();
        Assert.True(before.bytes.SequenceEqual(after.bytes));
    }

    [Fact]
    public void A_run_after_a_trial_is_the_run_without_one()
    {
        using TemporaryFolder with = new(), without = new();
        RunConfig config = TestRun.Config with
        {
            Model = TestRun.Config.Model with { Dropout = 0.2 },
            Training = TestRun.Config.Training with { Steps = 10, BatchSize = 2, GradientAccumulationSteps = 2 },
        };
        TestRun.RunIn(without.Path, config);
        MicroBatchTrial.Largest(config.Model, config.Training, CPU, Precision.Float32);
        TestRun.RunIn(with.Path, config);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(without.In("step-00000010", file)), File.ReadAllBytes(with.In("step-00000010", file)));
        }
    }

    [Fact]
    public void A_model_of_which_no_sequence_fits_is_refused_with_what_to_do()
    {
        // Activations of a sequence are 0.9 TB: that is not tried.
        ModelConfig shape = TinyGpt.Config with { LayerCount = 2000, ContextLength = 4_000_000, EmbeddingSize = 4, HeadCount = 1 };
        string message = Assert.Throws<InputException>(() => MicroBatchTrial.Largest(shape, new TrainingConfig(), CPU, Precision.Float32)).Message;
        foreach (string word in new[] { "4000000 tokens", " GiB", "activationCheckpointing", "--micro-batch 1" }) Assert.Contains(word, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_can_be_interrupted()
    {
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() => MicroBatchTrial.Largest(TinyGpt.Config, new TrainingConfig(), CPU, Precision.Float32, cancel: cancelled));
    }
}
