using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Checkpoints;

public sealed class ResumePointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;
    private readonly Gpt _model = TinyGpt.WithWideWeights(TinyGpt.Config);
    private readonly Optimizer _optimizer;
    private readonly List<string> _reports = [];

    public ResumePointTests()
    {
        _run = new RunFolder(_folder.Path);
        _optimizer = new Optimizer(_model, new OptimizerConfig());
        // The loss falls, rises, falls: the best one is 20, then 40.
        Save(10, best: 3, since: 0);
        Save(20, best: 2, since: 0);
        Save(30, best: 2, since: 1);
        Save(40, best: 1, since: 0);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_sound_run_continues_from_its_latest_and_nothing_is_said()
    {
        string[] before = _folder.Files();
        Assert.Equal(40, Find());
        Assert.Empty(_reports);
        Assert.Equal(before, _folder.Files());
    }

    public static TheoryData<string, string, int> Damages()
    {
        var damages = new TheoryData<string, string, int>();
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors", "state.json" })
        {
            foreach (string how in new[] { "delete", "empty", "half", "append" }) damages.Add(file, how, 0);
            for (int seed = 0; seed < 40; seed++) damages.Add(file, "flip", seed);
        }
        return damages;
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Damage_to_any_byte_of_the_latest_is_named_and_the_one_before_is_used(string file, string how, int seed)
    {
        string path = _folder.In("step-00000040", file);
        byte[] bytes = File.ReadAllBytes(path);
        var random = new Random(seed);
        switch (how)
        {
            case "delete": File.Delete(path); break;
            case "empty": File.WriteAllBytes(path, []); break;
            case "half": File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]); break;
            case "append": File.WriteAllBytes(path, [.. bytes, (byte)'\n']); break;
            default:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, bytes);
                break;
        }
        Assert.Equal(30, Find());
        string report = Assert.Single(_reports);
        Assert.Contains(file, report, StringComparison.Ordinal);
        Assert.Contains("step-00000040", report, StringComparison.Ordinal);
        Assert.EndsWith("set aside as 'step-00000040.damaged'.", report, StringComparison.Ordinal);
        Assert.Equal((30, 20), (_run.LatestStep, _run.BestStep));
        Assert.True(Directory.Exists(_folder.In("step-00000040.damaged")));
        _reports.Clear();
        Assert.Equal(30, Find());
        Assert.Empty(_reports);
    }

    [Fact]
    public void All_damaged_is_no_checkpoint_and_nothing_is_deleted()
    {
        foreach (long step in _run.Steps()) File.WriteAllText(Path.Combine(_run.StepPath(step), "state.json"), "{");
        Assert.Null(Find());
        Assert.Equal(4, _reports.Count);
        Assert.Equal(4, Directory.GetDirectories(_folder.Path, "*.damaged").Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"step\":40}")]
    [InlineData("{\"step\":41,\"folder\":\"step-00000040\"}")] // a flipped bit
    [InlineData("{\"step\":-1,\"folder\":\"../../etc\"}")]
    public void A_pointer_that_says_nothing_is_written_anew(string? content)
    {
        foreach (string pointer in new[] { "latest.json", "best.json" })
        {
            if (content is null) File.Delete(_folder.In(pointer));
            else File.WriteAllText(_folder.In(pointer), content);
        }
        Assert.Equal(40, Find());
        Assert.NotEmpty(_reports);
        Assert.Equal((40, 40), (_run.LatestStep, _run.BestStep));
    }

    [Fact]
    public void A_latest_whose_folder_is_gone_is_said()
    {
        Directory.Delete(_run.StepPath(40), recursive: true);
        Assert.Equal(30, Find());
        Assert.Equal($"The latest checkpoint, '{_run.StepPath(40)}', is gone.", Assert.Single(_reports));
        Assert.Equal((30, 20), (_run.LatestStep, _run.BestStep));
    }

    [Fact]
    public void A_checkpoint_that_was_being_replaced_comes_back()
    {
        Directory.Move(_run.StepPath(40), _run.StepPath(40) + ".old.tmp");
        Assert.Equal(40, Find());
        Assert.Empty(_reports);
    }

    /// <summary>The untrained model may be better than all that came of it; no checkpoint is the best then.</summary>
    [Fact]
    public void Where_the_untrained_model_is_the_best_none_is_made_the_best()
    {
        Checkpoint.Save(_run, _model, _optimizer, new TrainingState { Step = 50, BestLoss = 0.5 }, isBest: false, keep: 9);
        Assert.Equal(50, Find());
        Assert.Null(_run.BestStep);
    }

    [Fact]
    public void A_best_beyond_the_checkpoint_that_is_continued_is_not_the_best_yet()
    {
        _run.WriteLatest(30); // killed between best.json and latest.json of step 40
        Assert.Equal((30, 20), (Find(), _run.BestStep));
    }

    [Fact]
    public void A_checkpoint_beyond_the_latest_is_not_taken()
    {
        _run.WriteLatest(30);
        Assert.Equal(30, Find());
        Assert.Empty(_reports);
    }

    private long? Find() => ResumePoint.Find(_run, _reports.Add);

    private void Save(long step, double best, int since) =>
        Checkpoint.Save(_run, _model, _optimizer, new TrainingState { Step = step, BestLoss = best, BestStep = since == 0 ? step : step - 10, EvaluationsSinceBest = since }, isBest: since == 0, keep: 9);
}
