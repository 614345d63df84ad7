using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Checkpoints;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_without_a_run_has_nothing()
    {
        var run = new RunFolder(_folder.In("none"));
        Assert.False(run.Exists);
        Assert.Null(run.LatestStep);
        Assert.Null(run.BestStep);
        Assert.Empty(run.Steps());
        Assert.Throws<InputException>(() => run.ReadConfig());
        Assert.Throws<InputException>(() => SavedModel.Find(_folder.In("none")));
        Assert.Throws<InputException>(() => SavedModel.Find(_folder.Path));
    }

    [Fact]
    public void Step_folders_have_eight_digits_and_sort_by_number()
    {
        var run = new RunFolder(_folder.Path);
        Assert.Equal(_folder.In("step-00000500"), run.StepPath(500));
        foreach (long step in new[] { 100_000_000, 99_999_999, 5, 20L }) Directory.CreateDirectory(run.StepPath(step));
        Assert.Equal([5, 20, 99_999_999, 100_000_000], run.Steps());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"step\":")]
    [InlineData("{\"step\":\"x\"}")]
    [InlineData("null")]
    public void A_damaged_pointer_is_said(string json)
    {
        File.WriteAllText(_folder.In("latest.json"), json);
        var failure = Assert.Throws<InputException>(() => new RunFolder(_folder.Path).LatestStep);
        Assert.Contains(_folder.In("latest.json"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deleting_a_run_leaves_what_is_not_its_own()
    {
        string path = _folder.In("run");
        var run = new RunFolder(path);
        Directory.CreateDirectory(run.StepPath(1));
        Directory.CreateDirectory(run.StepPath(2) + ".123.tmp");
        Directory.CreateDirectory(run.DataPath);
        foreach (string file in new[] { run.ConfigPath, run.TokenizerPath, run.MetricsPath, _folder.In("run", "latest.json"), _folder.In("run", "best.json") })
        {
            File.WriteAllText(file, "{}");
        }
        File.WriteAllText(_folder.In("run", "notes.txt"), "mine");
        run.Delete();
        Assert.Equal([Path.Combine("run", "notes.txt")], _folder.Files());
        File.Delete(_folder.In("run", "notes.txt"));
        run.Delete();
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void The_configuration_is_read_back_with_changes_on_top()
    {
        var run = new RunFolder(_folder.Path);
        DurableFile.WriteText(run.ConfigPath, new RunConfig { Model = TinyGpt.Config }.ToJson());
        Assert.True(run.Exists);
        Assert.Equal(TinyGpt.Config, run.ReadConfig().Model);
        Assert.Equal(7, run.ReadConfig(["training.steps=7"]).Training.Steps);
    }

    [Fact]
    public void A_model_is_found_by_its_run_and_by_its_step()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        using var optimizer = new Optimizer(model, new OptimizerConfig());
        var run = new RunFolder(_folder.Path);
        DurableFile.WriteText(run.ConfigPath, new RunConfig { Model = TinyGpt.Config }.ToJson());
        Assert.Throws<InputException>(() => SavedModel.Find(_folder.Path)); // no checkpoint yet
        Save(1, isBest: false);
        Assert.Equal(run.StepPath(1), SavedModel.Find(_folder.Path).CheckpointPath); // the latest, where none is the best
        Save(2, isBest: true);
        Save(3, isBest: false);
        Assert.Equal(run.StepPath(2), SavedModel.Find(_folder.Path).CheckpointPath);
        Assert.Equal(run.StepPath(3), SavedModel.Find(run.StepPath(3)).CheckpointPath);

        using Gpt loaded = SavedModel.Find(run.StepPath(1)).Load(TorchSharp.torch.CPU);
        Assert.False(loaded.training);
        Assert.All(TinyGpt.Parameters(model), p => Assert.Equal(p.Value, TinyGpt.Parameters(loaded)[p.Key]));

        void Save(long step, bool isBest) => Checkpoint.Save(run, model, optimizer, new TrainingState { Step = step }, isBest, keep: 9);
    }

    [Fact]
    public void A_durable_file_that_cannot_be_finished_leaves_the_old_one()
    {
        DurableFile.WriteText(_folder.In("a"), "old");
        Assert.Throws<InvalidOperationException>(() => DurableFile.Write(_folder.In("a"), stream =>
        {
            stream.Write("new"u8);
            throw new InvalidOperationException("half-way");
        }));
        Assert.Equal(["a"], _folder.Files());
        Assert.Equal("old", File.ReadAllText(_folder.In("a")));
        DurableFile.WriteText(_folder.In("a"), "é");
        Assert.Equal([0xc3, 0xa9], File.ReadAllBytes(_folder.In("a"))); // UTF-8 without a byte order mark
    }
}
