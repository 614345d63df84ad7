using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchLm.Tests.Training;

namespace TorchLm.Tests.Distributed;

/// <summary>Whole runs of several ranks, which are threads here: what a run is does not depend on how many make it.</summary>
public class RankTrainingTests
{
    private static readonly RunConfig s_config = TestRun.Config with { Training = TestRun.Config.Training with { BatchSize = 6 } };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Ranks_follow_a_single_one(int ranks)
    {
        using TemporaryFolder alone = new(), together = new();
        Result one = Run(alone, s_config, 1), several = Run(together, s_config, ranks);
        Assert.Equal(StopReason.Finished, several.Reason);
        AssertClose(one, several);
        Assert.Equal(alone.Files().Where(f => !f.Contains("sessions", StringComparison.Ordinal)), together.Files().Where(f => !f.Contains("sessions", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_same_ranks_repeat_a_run_bit_by_bit()
    {
        using TemporaryFolder first = new(), second = new();
        Assert.Equal(Run(first, s_config, 2).Weights, Run(second, s_config, 2).Weights);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(2, 3)]
    public void A_run_is_continued_by_another_number_of_ranks(int before, int after)
    {
        using TemporaryFolder whole = new(), parted = new();
        Result one = Run(whole, s_config, 1);
        Assert.Equal(StopReason.StepLimit, Run(parted, s_config, before, maxSteps: 47).Reason);
        Result continued = Run(parted, s_config, after);
        Assert.Equal(StopReason.Finished, continued.Reason);
        AssertClose(one, continued);
    }

    [Fact]
    public void A_resumed_run_of_several_ranks_ends_with_the_same_bytes()
    {
        RunConfig config = s_config with { Optimizer = s_config.Optimizer with { Name = "muon", AverageDecay = 0.9 } };
        using TemporaryFolder whole = new(), parted = new();
        Result one = Run(whole, config, 2);
        Run(parted, config, 2, maxSteps: 31);
        Assert.Equal(one.Weights, Run(parted, config, 2).Weights);
    }

    [Theory]
    [InlineData("adamw", 2)]
    [InlineData("adamw", 3)]
    [InlineData("lion", 3)]
    [InlineData("sgd", 2)]
    public void Ranks_that_share_the_optimizer_s_state_follow_a_single_one(string optimizer, int ranks)
    {
        RunConfig config = s_config with
        {
            Optimizer = s_config.Optimizer with { Name = optimizer, Cautious = optimizer != "sgd" },
            Training = s_config.Training with { ShardOptimizer = true },
        };
        using TemporaryFolder alone = new(), together = new();
        AssertClose(Run(alone, config, 1), Run(together, config, ranks));
    }

    [Fact]
    public void A_shared_state_is_saved_whole_and_continued_by_any_number_of_ranks_that_share_it_or_not()
    {
        RunConfig plain = s_config with { Optimizer = s_config.Optimizer with { AverageDecay = 0.9 } };
        RunConfig shared = plain with { Training = plain.Training with { ShardOptimizer = true } };
        using TemporaryFolder whole = new(), parted = new(), again = new();
        Result one = Run(whole, plain, 1);
        foreach (TemporaryFolder folder in new[] { parted, again })
        {
            Run(folder, shared, 2, maxSteps: 20);
            Run(folder, shared, 3, maxSteps: 47);
            Run(folder, plain, 1, maxSteps: 61);
            AssertClose(one, Run(folder, shared, 2));
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(parted["step-00000100"], "optimizer.safetensors")), File.ReadAllBytes(Path.Combine(again["step-00000100"], "optimizer.safetensors")));
    }

    [Fact]
    public void Each_rank_has_its_part_of_the_moments_alone()
    {
        long[] numbers = ThreadRanks.Run(3, ranks =>
        {
            using Gpt model = new(TinyGpt.Config);
            using var exchange = new GradientExchange(model, ranks, shards: true);
            using var optimizer = new Optimizer(model, new OptimizerConfig(), null, null, exchange);
            return optimizer.State.Sum(s => s.Value.numel());
        });
        using Gpt model = new(TinyGpt.Config);
        long all = 2 * model.parameters().Sum(p => p.numel());
        Assert.Equal(all, numbers.Sum());
        Assert.All(numbers, count => Assert.InRange(count, 1, (all / 3) + 1000));
    }

    [Fact]
    public void What_needs_whole_matrices_or_gradients_is_refused()
    {
        InputException muon = Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test", ["training.shardOptimizer=true", "optimizer.name=muon"]));
        Assert.Contains("training.shardOptimizer is true, but Muon orthogonalises whole matrices", muon.Message, StringComparison.Ordinal);
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { ShardOptimizer = true, LayerNorms = true } };
        InputException norms = Assert.Throws<InputException>(() => Run(folder, config, 2));
        Assert.Contains("training.layerNorms measures whole gradients", norms.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_to_one_rank_stops_all_at_the_same_step_with_everything_saved()
    {
        using var folder = new TemporaryFolder();
        Result stopped = Run(folder, s_config, 3, stopRank: 2, stopAfter: 20);
        Assert.Equal(StopReason.Cancelled, stopped.Reason);
        Assert.Equal(20, stopped.Step);
        using var whole = new TemporaryFolder();
        AssertClose(Run(whole, s_config, 1), Run(folder, s_config, 3));
    }

    [Fact]
    public void Gradients_that_are_not_finite_on_all_ranks_lead_back_to_the_last_checkpoint()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { SkipLimit = 2 } };
        Result result = Run(folder, config, 2, faults: "nan@40,nan@41");
        Assert.Equal(StopReason.Finished, result.Reason);
        Assert.Contains(result.Incidents, i => i.Kind == IncidentKind.RolledBack && i.Step == 30);
    }

    [Fact]
    public void Memory_that_runs_out_on_the_ranks_only_makes_parts_smaller()
    {
        using TemporaryFolder folder = new(), whole = new();
        Result result = Run(folder, s_config, 2, faults: "out-of-memory@10");
        Assert.Contains(result.Incidents, i => i.Kind == IncidentKind.OutOfMemory);
        AssertClose(Run(whole, s_config, 1), result);
    }

    [Fact]
    public void Other_data_on_another_rank_is_refused()
    {
        using var folder = new TemporaryFolder();
        InputException e = Assert.Throws<InputException>(() => ThreadRanks.Run(2, ranks =>
        {
            using var model = new Gpt(s_config.Model);
            using var batches = new RandomBatches(s_config.Training.BatchSize, 8, 11);
            using var trainer = new Trainer(model, s_config, new TorchLm.Core.Checkpoints.RunFolder(folder.Path), batches, ValidationBatches.Fixed, ranks: ranks)
            {
                DataHash = $"data of rank {ranks.Rank}",
            };
            return trainer.Run();
        }));
        Assert.Equal("Rank 1 has other data than rank 0: put the same files there.", e.Message);
    }

    private static void AssertClose(Result expected, Result actual)
    {
        Assert.Equal(expected.Losses.Keys.Last(), actual.Losses.Keys.Last());
        foreach ((long step, double loss) in actual.Losses) Assert.Equal(1, expected.Losses[step] / loss, 1e-5);
        double difference = Math.Sqrt(expected.Weights.Zip(actual.Weights, (a, b) => Math.Pow(a - b, 2)).Sum());
        double size = Math.Sqrt(expected.Weights.Sum(w => Math.Pow(w, 2)));
        Assert.True(difference < 1e-5 * size, $"{difference} of {size}");
    }

    private sealed record Result(StopReason Reason, long Step, float[] Weights, SortedDictionary<long, double> Losses, IReadOnlyList<TrainingIncident> Incidents);

    /// <summary>Begins or continues a run; what rank 0 has in the end, and all others too.</summary>
    private static Result Run(TemporaryFolder folder, RunConfig config, int count, long? maxSteps = null, string? faults = null, int stopRank = -1, long? stopAfter = null)
    {
        Result[] results = ThreadRanks.Run(count, ranks =>
        {
            using var run = new TestRun(folder.Path, config, faults: faults, ranks: ranks, stopAfter: ranks.Rank == stopRank ? stopAfter : null);
            StopReason reason = run.Run(maxSteps);
            float[] weights = [.. run.Model.parameters().SelectMany(p => p.cpu().data<float>().ToArray())];
            var losses = new SortedDictionary<long, double>();
            foreach (StepMetrics step in run.Observer.Steps) losses[step.Step] = step.TrainLoss;
            return new Result(reason, run.Trainer.State.Step, weights, losses, run.Observer.Incidents);
        });
        foreach (Result other in results)
        {
            Assert.Equal(results[0].Reason, other.Reason);
            Assert.Equal(results[0].Weights, other.Weights);
        }
        return results[0];
    }
}
