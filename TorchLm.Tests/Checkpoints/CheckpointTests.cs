using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;
    private readonly Gpt _model = TinyGpt.WithWideWeights(TinyGpt.Config);
    private readonly Optimizer _optimizer;

    public CheckpointTests()
    {
        _run = new RunFolder(_folder.Path);
        _optimizer = new Optimizer(_model, new OptimizerConfig());
        Train();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Everything_comes_back()
    {
        TrainingState state = new() { Step = 7, Tokens = 123, BestLoss = 0.1, EvaluationsSinceBest = 2, TrainingSeconds = 1.0 / 3, PendingLoss = 2e-9, PendingSteps = 4, ConfigHash = "ab" };
        string path = Save(state, isBest: false);
        Assert.Equal(_folder.In("step-00000007"), path);
        Assert.Equal(["latest.json", .. InStep(7, "model.safetensors", "optimizer.safetensors", "state.json")], _folder.Files());

        using Gpt model = new(TinyGpt.Config);
        using var optimizer = new Optimizer(model, new OptimizerConfig());
        TrainingState loaded = Checkpoint.Load(path, model, optimizer);
        Assert.Equal(state, loaded with { Checksums = state.Checksums, Checksum = null });
        Assert.Equal(7, optimizer.StepCount);
        Assert.All(TinyGpt.Parameters(_model), p => Assert.Equal(p.Value, TinyGpt.Parameters(model)[p.Key]));
        Assert.All(TinyGpt.Moments(_optimizer), m => Assert.Equal(m.Value, TinyGpt.Moments(optimizer)[m.Key]));
        Assert.Contains(TinyGpt.Moments(optimizer).Values, m => m.Any(v => v != 0));
    }

    [Fact]
    public void State_json_holds_the_SHA_256_of_both_files()
    {
        string path = Save(1);
        JsonObject checksums = State(path)["checksums"]!.AsObject();
        Assert.Equal(["model.safetensors", "optimizer.safetensors"], checksums.Select(c => c.Key));
        foreach ((string name, JsonNode? sum) in checksums)
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(path, name)))), (string)sum!);
        }
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    public void A_flipped_bit_is_found(string name)
    {
        string path = Save(1), file = Path.Combine(path, name);
        byte[] bytes = File.ReadAllBytes(file);
        foreach (int at in new[] { 8, bytes.Length / 2, bytes.Length - 1 })
        {
            bytes[at] ^= 1;
            File.WriteAllBytes(file, bytes);
            InputException failure = AssertRefused(path);
            Assert.Contains(file, failure.Message, StringComparison.Ordinal);
            Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);
            bytes[at] ^= 1;
        }
        File.WriteAllBytes(file, bytes);
        Checkpoint.Load(path, _model, _optimizer);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    public void A_missing_file_is_named(string name)
    {
        string path = Save(1);
        File.Delete(Path.Combine(path, name));
        Assert.Contains(name, AssertRefused(path).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"step":"seven"}""")]
    [InlineData("""{"formatVersion":3}""")]
    [InlineData("""{"formatVersion":2,"step":1}""")] // without its own checksum
    [InlineData("""{"formatVersion":1,"step":1}""")] // no checksums: nothing would be verified
    [InlineData("""{"formatVersion":1,"step":1,"checksums":null}""")]
    public void A_damaged_state_is_said(string json)
    {
        string path = Save(1);
        File.WriteAllText(Path.Combine(path, "state.json"), json);
        Assert.Contains("state.json", AssertRefused(path).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Moments_of_another_shape_are_refused()
    {
        string path = Save(1);
        using Gpt padded = new(TinyGpt.Config with { VocabularyMultiple = 64 });
        using var optimizer = new Optimizer(padded, new OptimizerConfig());
        Checkpoint.Load(path, padded); // the weights alone fit
        var failure = Assert.Throws<InputException>(() => Checkpoint.Load(path, padded, optimizer));
        Assert.Contains("'tokens.weight.exp_avg' of shape (64, 16)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_save_that_fails_half_way_leaves_the_checkpoint_before_it_and_nothing_else()
    {
        Save(1, isBest: true);
        Dictionary<string, byte[]> before = _folder.Files().ToDictionary(f => f, f => File.ReadAllBytes(_folder.In(f)));
        _optimizer.Dispose(); // the model is written by then, and its moments cannot be
        Assert.ThrowsAny<Exception>(() => Save(2, isBest: true));
        Assert.Equal(before.Keys, _folder.Files());
        Assert.All(before, f => Assert.Equal(f.Value, File.ReadAllBytes(_folder.In(f.Key))));
        Assert.Equal([_run.StepPath(1)], Directory.GetDirectories(_folder.Path));
        Assert.Equal((1L, 1L), (_run.LatestStep!.Value, _run.BestStep!.Value));
    }

    [Fact]
    public void A_step_that_is_made_again_replaces_its_checkpoint()
    {
        byte[] first = File.ReadAllBytes(Path.Combine(Save(3), "model.safetensors"));
        Train();
        string path = Save(3);
        Assert.NotEqual(first, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
        Checkpoint.Load(path, _model, _optimizer);
        Assert.Equal([3], _run.Steps());
    }

    [Fact]
    public void What_a_killed_process_left_is_no_checkpoint()
    {
        Save(1);
        Directory.CreateDirectory(_folder.In("step-00000002.99999.tmp"));
        Directory.CreateDirectory(_folder.In("step-best"));
        Assert.Equal([1], _run.Steps());
    }

    [Fact]
    public void Saving_and_loading_leave_no_tensor_behind()
    {
        long live = LiveTensors.OfThisThread;
        Checkpoint.Load(Save(1), _model, _optimizer);
        Assert.Equal(live, LiveTensors.OfThisThread);
    }

    private static IEnumerable<string> InStep(long step, params string[] names) => names.Select(n => Path.Combine($"step-{step:D8}", n));

    private static JsonObject State(string path) => JsonNode.Parse(File.ReadAllText(Path.Combine(path, "state.json")))!.AsObject();

    private string Save(long step, bool isBest = false) => Save(new TrainingState { Step = step }, isBest);

    private string Save(TrainingState state, bool isBest) => Checkpoint.Save(_run, _model, _optimizer, state, isBest, keep: 9);

    private void Train()
    {
        using Batch batch = RandomBatches.Make(0, 2, 8, 11);
        _model.AccumulateGradients(batch.Inputs, batch.Targets).Dispose();
        _optimizer.Step(0.01).Dispose();
    }

    private InputException AssertRefused(string path)
    {
        var failure = Assert.Throws<InputException>(() => Checkpoint.Load(path, _model, _optimizer));
        Assert.DoesNotContain('\n', failure.Message);
        return failure;
    }
}
