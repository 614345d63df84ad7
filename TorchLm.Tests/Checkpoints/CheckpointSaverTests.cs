using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Checkpoints;

public sealed class CheckpointSaverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;
    private readonly Gpt _model = TinyGpt.WithWideWeights(TinyGpt.Config);
    private readonly Optimizer _optimizer;
    private readonly CheckpointSaver _saver;

    public CheckpointSaverTests()
    {
        _run = new RunFolder(_folder.In("run"));
        _optimizer = new Optimizer(_model, new OptimizerConfig());
        _saver = new CheckpointSaver(_run, _model, _optimizer, keep: 9);
    }

    public void Dispose()
    {
        _saver.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_is_saved_is_what_was_when_the_save_began()
    {
        Dictionary<string, float[]> before = TinyGpt.Parameters(_model);
        _saver.Pause = TimeSpan.FromMilliseconds(100);
        _saver.Begin(new TrainingState { Step = 1 }, isBest: false);
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in _model.parameters()) parameter.zero_();
            foreach ((_, Tensor moment) in _optimizer.State) moment.fill_(7);
        }
        Assert.Null(_saver.TakeFinished()); // or the test would show nothing
        Assert.Equal(new SaveResult(1, _run.StepPath(1), null, null, default), _saver.Finish()! with { Time = default });
        Checkpoint.Load(_run.StepPath(1), _model, _optimizer);
        Assert.All(TinyGpt.Parameters(_model), p => Assert.Equal(before[p.Key], p.Value));
        Assert.All(TinyGpt.Moments(_optimizer), m => Assert.All(m.Value, v => Assert.Equal(0, v)));
    }

    [Fact]
    public void It_writes_the_same_bytes_as_a_save_without_a_copy()
    {
        _saver.Begin(new TrainingState { Step = 1 }, isBest: false);
        _saver.Finish();
        Checkpoint.Save(_run, _model, _optimizer, new TrainingState { Step = 2 }, isBest: false, keep: 9);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_run.StepPath(2), file)), File.ReadAllBytes(Path.Combine(_run.StepPath(1), file)));
        }
    }

    [Fact]
    public void A_second_save_before_the_first_was_taken_is_refused()
    {
        _saver.Begin(new TrainingState { Step = 1 }, isBest: false);
        Assert.Throws<InvalidOperationException>(() => _saver.Begin(new TrainingState { Step = 2 }, isBest: false));
        Assert.Null(_saver.Finish()!.Failure);
        Assert.Null(_saver.Finish());
    }

    [Fact]
    public void A_folder_that_is_gone_is_said_and_not_made_anew()
    {
        Directory.Delete(_run.Path);
        _saver.Begin(new TrainingState { Step = 1 }, isBest: false);
        Assert.Equal(new SaveResult(1, null, $"the run's folder '{_run.Path}' is gone", null, default), _saver.Finish()! with { Time = default });
        Assert.False(Directory.Exists(_run.Path));
        Directory.CreateDirectory(_run.Path); // and back: a drive that was plugged in again
        _saver.Begin(new TrainingState { Step = 2 }, isBest: false);
        Assert.Equal(new SaveResult(2, _run.StepPath(2), null, null, default), _saver.Finish()! with { Time = default });
    }

    [Fact]
    public void A_mount_point_without_its_disk_is_not_taken_for_the_folder()
    {
        File.WriteAllText(_run.ConfigPath, "{}");
        _saver.Begin(new TrainingState { Step = 1 }, isBest: false);
        Assert.Null(_saver.Finish()!.Failure);
        File.Delete(_run.ConfigPath);
        _saver.Begin(new TrainingState { Step = 2 }, isBest: false);
        Assert.Equal($"the run's folder '{_run.Path}' is gone", _saver.Finish()!.Failure);
        Assert.Equal([1], _run.Steps());
    }

    [Fact]
    public void A_disk_without_room_is_said_before_anything_is_written()
    {
        var failure = Assert.Throws<IOException>(() => DiskRoom.Require(_folder.Path, 1L << 60));
        Assert.Matches(@"^a checkpoint takes 1,152,921,504 GB, and the disk of '.+' has [\d,]+ [kMG]B left$", failure.Message);
        DiskRoom.Require(_folder.Path, 1);
    }

    [UnixFact("Windows has no fsync for folders")]
    public void A_folder_is_flushed_and_one_that_is_missing_is_an_error()
    {
        FolderSync.Flush(_folder.Path);
        Assert.Contains(_folder.In("none"), Assert.Throws<IOException>(() => FolderSync.Flush(_folder.In("none"))).Message, StringComparison.Ordinal);
    }
}
