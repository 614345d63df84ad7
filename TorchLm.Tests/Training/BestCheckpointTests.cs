using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class BestCheckpointTests
{
    /// <summary>Evaluates on another batch each time, so that the losses go up and down.</summary>
    private static ValidationBatches Restless => new(reading => [RandomBatches.Make(100 + reading, 1, 8, 11)]);

    [Fact]
    public void Best_json_names_the_evaluation_with_the_lowest_loss()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(saveInterval: 0, keep: 1), validation: Restless);
        run.Run();
        EvaluationMetrics[] evaluations = [.. run.Observer.Evaluations];
        Assert.Equal([0, 10, 20, 30, 40, 50], evaluations.Select(e => e.Step));
        EvaluationMetrics best = evaluations.MinBy(e => e.Result.Loss)!;
        Assert.True(best.Step is > 0 and < 50, "the case is no test: take other batches");
        Assert.Equal(best.Step, run.Folder.BestStep);
        Assert.Equal(best.Result.Loss, run.Trainer.State.BestLoss);
        Assert.Equal([best.Step, 50], run.Folder.Steps());
        JsonObject pointer = JsonNode.Parse(File.ReadAllText(folder.In("best.json")))!.AsObject();
        Assert.Equal(best.Step, (long)pointer["step"]!);
        Assert.Equal($"step-{best.Step:D8}", (string)pointer["folder"]!);
    }

    [Fact]
    public void The_last_checkpoints_and_the_best_are_kept()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(saveInterval: 5, keep: 2), validation: Restless);
        run.Run();
        long best = run.Folder.BestStep!.Value;
        Assert.True(best is > 0 and < 45, "the case is no test: take other batches");
        Assert.Equal([best, 45, 50], run.Folder.Steps());
        Assert.Equal(50, run.Folder.LatestStep);
        Assert.Equal([5, 10, 15, 20, 25, 30, 35, 40, 45, 50], run.Observer.Checkpoints);
    }

    [Fact]
    public void With_a_save_interval_of_0_only_the_best_and_the_last_are_saved()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, Config(saveInterval: 0, keep: 9), validation: Restless);
        run.Run();
        Assert.Equal(run.Observer.Evaluations.Where(e => e.IsBest && e.Step > 0).Select(e => e.Step).Append(50).Distinct(), run.Folder.Steps());
    }

    /// <summary>So small a rate that the losses follow the batches.</summary>
    private static RunConfig Config(int saveInterval, int keep) => TestRun.Config with
    {
        Optimizer = TestRun.Config.Optimizer with { LearningRate = 1e-4, MinLearningRate = 1e-5 },
        Training = TestRun.Config.Training with { Steps = 50, EvalInterval = 10, SaveInterval = saveInterval, KeepCheckpoints = keep },
    };
}
