using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.HuggingFace;
using TorchLm.Tests.Export;
using TorchSharp;

namespace TorchLm.Tests.Hostile;

/// <summary>A run's folder from a stranger, or a damaged one.</summary>
public sealed class HostileRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public HostileRunTests() => _run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe);

    public void Dispose() => _folder.Dispose();

    /// <summary>The random weights of such a model alone would take minutes and all memory, before the first look at the file.</summary>
    [Theory]
    [InlineData("\"layerCount\": 2", "\"layerCount\": 10000", "lack the tensor 'transformer.h.2.")]
    [InlineData("\"contextLength\": 24", "\"contextLength\": 50000000", "hold 'transformer.wpe.weight' with the shape (24, 16)")]
    [InlineData("\"vocabularySize\": 280", "\"vocabularySize\": 100000000", "hold 'transformer.wte.weight' with the shape (280, 16)")]
    public void A_shape_that_the_weights_do_not_have_is_refused_before_memory_is_taken_for_it(string was, string becomes, string sentence)
    {
        string json = File.ReadAllText(_run.ConfigPath);
        Assert.Contains(was, json, StringComparison.Ordinal);
        File.WriteAllText(_run.ConfigPath, json.Replace(was, becomes, StringComparison.Ordinal));
        long before = Environment.WorkingSet;
        string message = Assert.Throws<InputException>(() => SavedModel.Find(_run.Path).Load(torch.CPU)).Message;
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 1L << 30); // tests beside this one take some too
    }

    [Fact]
    public void Weights_that_are_cut_are_called_damaged_and_not_misshapen()
    {
        string weights = SavedRuns.WeightsOf(_run);
        using (FileStream file = File.OpenWrite(weights)) file.SetLength(file.Length - 100);
        Assert.Contains("is damaged: its checksum", Assert.Throws<InputException>(() => SavedModel.Find(_run.Path).Load(torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_with_comments_is_still_the_runs_own()
    {
        File.WriteAllText(_run.ConfigPath, "// mine\n" + File.ReadAllText(_run.ConfigPath));
        Assert.False(ModelImport.IsForeign(_run.Path));
        SavedModel.Find(_run.Path).Load(torch.CPU).Dispose();
    }

    [Fact]
    public void A_shape_beyond_all_limits_is_refused_with_its_file()
    {
        using (ModelSource source = SavedRuns.Open(_run)) HuggingFaceExport.Write(source, _folder["hf"]);
        string config = _folder.In("hf", "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"n_layer\": 2", "\"n_layer\": 2000000000", StringComparison.Ordinal));
        Assert.Equal($"'{config}' cannot be imported: model.layerCount is 2000000000, but it must be at most 10000.",
            Assert.Throws<InputException>(() => ModelImport.Run(_folder["hf"], _folder["out"])).Message);
    }

    /// <summary>The model's card tells the loss that stands in the metrics; a line of them that says something else is none.</summary>
    [Theory]
    [InlineData("""{"step":7,"val_loss":"low"}""")]
    [InlineData("""{"step":7.5,"val_loss":1}""")]
    [InlineData("""{"step":"7","val_loss":1}""")]
    [InlineData("""{"step":7,"step":7}""")]
    [InlineData("""{"step":1e999,"val_loss":1}""")]
    [InlineData("""{"step":99999999999999999999,"val_loss":{}}""")]
    [InlineData("""["step",7]""")]
    [InlineData("""{"\ud800":7}""")]
    [InlineData("\0\0\0")]
    public void An_export_passes_over_a_damaged_line_of_metrics(string line)
    {
        File.AppendAllText(_run.MetricsPath, $"\n{line}\n");
        using ModelSource source = SavedRuns.Open(_run);
        HuggingFaceExport.Write(source, _folder["hf"]);
        Assert.Contains("2.5000 nats a token, perplexity 12.18, 1.250 bits a byte", File.ReadAllText(_folder.In("hf", "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_is_too_large_is_refused_unread()
    {
        using (FileStream file = File.OpenWrite(_folder["big.json"])) file.SetLength(10L << 30); // sparse
        Assert.Contains("10,737,418,240 bytes, more than any needs", Assert.Throws<InputException>(() => ConfigFile.ReadText(_folder["big.json"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":{"vocabularySize":2147483647,"vocabularyMultiple":2147483647,"headCount":1,"embeddingSize":2}}""",
        "model.embeddingSize is 2, but times the vocabulary (2147483647) it must stay below 2^31.")]
    [InlineData("""{"model":{"vocabularySize":2147483647,"vocabularyMultiple":2,"headCount":1,"embeddingSize":1}}""",
        "model.embeddingSize is 1, but times the vocabulary (2147483648) it must stay below 2^31.")]
    [InlineData("""{"model":{"layerCount":2147483647}}""", "model.layerCount is 2147483647, but it must be at most 10000.")]
    [InlineData("""{"model":{"contextLength":2147483647}}""", "model.contextLength is 2147483647, but times model.embeddingSize (128) it must stay below 2^31.")]
    [InlineData("""{"model":{"embeddingSize":65536}}""", "model.embeddingSize is 65536, but times the width of the MLP (262144) it must stay below 2^31.")]
    [InlineData("""{"training":{"batchSize":2147483647}}""", "training.batchSize is 2147483647, but times model.contextLength (64) it must stay below 2^31.")]
    [InlineData("""{"optimizer":{"gradientClip":1e999}}""", "optimizer.gradientClip is Infinity, but it must be at least 0 and finite.")]
    public void Products_that_nothing_can_hold_are_refused_with_their_file(string json, string sentence) =>
        Assert.Equal("config.json: " + sentence, Assert.Throws<InputException>(() => RunConfig.Parse(json, "config.json")).Message);

    [Theory]
    [InlineData("""{"model":{"it's":1}}""", "config.json: there is no setting 'model.it's'; did you mean ")]
    [InlineData("""{"model":{"a b":1}}""", "config.json: there is no setting 'model.a b'; did you mean ")]
    [InlineData("""{"a.b":{}}""", "config.json: there is no setting 'a.b'; ")]
    [InlineData("""{"model":{"\ud800":1}}""", "config.json holds a name that is not valid Unicode.")]
    [InlineData("""{"data":{"path":"\ud800"}}""", "config.json holds a text that is not valid Unicode.")]
    [InlineData("""{"model":{},"model":{}}""", "config.json is not valid JSON")]
    public void An_odd_name_is_said_as_it_is(string json, string beginning) =>
        Assert.StartsWith(beginning, Assert.Throws<InputException>(() => RunConfig.Parse(json, "config.json")).Message, StringComparison.Ordinal);
}
