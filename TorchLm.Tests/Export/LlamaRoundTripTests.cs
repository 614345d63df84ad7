using System.Text.Json;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Export.HuggingFace;
using TorchLm.Tests.Checkpoints;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>A Llama that goes out to a format and comes back is the same model.</summary>
public sealed class LlamaRoundTripTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(LlamaShapes.Names), MemberType = typeof(LlamaShapes))]
    public void A_folder_for_transformers_comes_back_byte_for_byte(string name)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Get(name), SavedRuns.Bpe);
        ExportHuggingFace(run);
        Assert.Equal(File.ReadAllBytes(SavedRuns.WeightsOf(run)), File.ReadAllBytes(_folder.In("hf", "model.safetensors")));
        AssertComesBack(run, _folder["hf"]);
    }

    [Theory]
    [MemberData(nameof(LlamaShapes.Names), MemberType = typeof(LlamaShapes))]
    public void A_file_for_llama_cpp_comes_back_byte_for_byte(string name)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Get(name), SavedRuns.Characters);
        using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        AssertComesBack(run, _folder["x.gguf"]);
    }

    [Fact]
    public void A_window_of_all_layers_is_a_mistral_and_comes_back()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Untied with { SlidingWindow = 7 }, SavedRuns.Bpe);
        ExportHuggingFace(run);
        Assert.Equal(("mistral", 7), (Config("model_type").GetString(), Config("sliding_window").GetInt32()));
        AssertComesBack(run, _folder["hf"]);
    }

    /// <summary>Qwen3's norms of queries and keys have gains: all of them are the scale here.</summary>
    [Fact]
    public void Normalised_queries_and_keys_are_a_qwen3_and_come_back()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Grouped with { QkNorm = true, QkNormScale = 1.25 }, SavedRuns.Bpe);
        ExportHuggingFace(run);
        Assert.Equal("qwen3", Config("model_type").GetString());
        var tensors = SafeTensorsBytes.Read(_folder.In("hf", "model.safetensors")).ToDictionary(t => t.Name, t => t.Values);
        foreach (string norm in new[] { "q_norm", "k_norm" })
        {
            Assert.Equal(Enumerable.Repeat(1.25f, 8), tensors[$"model.layers.1.self_attn.{norm}.weight"]);
        }
        Assert.Equal(2 + (2 * 11), tensors.Count);
        AssertComesBack(run, _folder["hf"]);
        using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        AssertComesBack(run, _folder["x.gguf"], "back from llama.cpp");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_qwen3_with_gains_that_differ_is_refused(bool isFolder)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Grouped with { QkNorm = true, QkNormScale = 1.25 }, SavedRuns.Bpe);
        ExportHuggingFace(run);
        using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        string weights = isFolder ? _folder.In("hf", "model.safetensors") : _folder["x.gguf"];
        byte[] bytes = File.ReadAllBytes(weights);
        BitConverter.GetBytes(1.5f).CopyTo(bytes, bytes.AsSpan().IndexOf(Gains(1.25f)));
        File.WriteAllBytes(weights, bytes);
        string sentence = Assert.Throws<TorchLm.Core.InputException>(() => ModelImport.Run(isFolder ? _folder["hf"] : weights, _folder["back"])).Message;
        Assert.Contains("_norm.weight goes from 1.25 to 1.5", sentence, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["back"]));
    }

    [Fact]
    public void A_qwen3_whose_gains_are_too_large_is_refused()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Grouped with { QkNorm = true, QkNormScale = 1.25 }, SavedRuns.Bpe);
        ExportHuggingFace(run);
        string weights = _folder.In("hf", "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights), gains = Gains(1.25f), large = Gains(200);
        for (int at; (at = bytes.AsSpan().IndexOf(gains)) >= 0;) large.CopyTo(bytes, at);
        File.WriteAllBytes(weights, bytes);
        Assert.Contains("at most 100", Assert.Throws<TorchLm.Core.InputException>(() => ModelImport.Run(_folder["hf"], _folder["back"])).Message, StringComparison.Ordinal);
    }

    /// <summary>A number of key heads that is null is that of the query heads, and one that is absent is 32.</summary>
    [Fact]
    public void A_qwen3_whose_number_of_key_heads_is_null_has_one_to_each_query_head()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", LlamaShapes.Plain with { QkNorm = true }, SavedRuns.Bpe);
        ExportHuggingFace(run);
        string config = _folder.In("hf", "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_key_value_heads\": 4", "\"num_key_value_heads\": null", StringComparison.Ordinal));
        Assert.Equal(JsonValueKind.Null, Config("num_key_value_heads").ValueKind);
        AssertComesBack(run, _folder["hf"]);
        File.WriteAllText(config, File.ReadAllText(config).Replace("num_key_value_heads", "unknown", StringComparison.Ordinal));
        Assert.Contains("keyValueHeadCount is 32", Assert.Throws<TorchLm.Core.InputException>(() => ModelImport.Run(_folder["hf"], _folder["absent"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_qwen3_with_a_window_is_refused()
    {
        ExportHuggingFace(SavedRuns.Make(_folder, "run", LlamaShapes.Grouped with { QkNorm = true }, SavedRuns.Bpe));
        string config = _folder.In("hf", "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("{\n", "{\n  \"use_sliding_window\": true,\n", StringComparison.Ordinal));
        Assert.Contains("use_sliding_window is true", Assert.Throws<TorchLm.Core.InputException>(() => ModelImport.Run(_folder["hf"], _folder["back"])).Message, StringComparison.Ordinal);
    }

    /// <summary>What a model computes decides what it is, and not the names that its weights have here.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_llama_of_the_family_gpt2_becomes_one_of_the_family_llama(bool gains, bool isFolder)
    {
        ModelConfig shape = LlamaShapes.Scaled with { Family = ModelConfig.Gpt2, NormGain = gains, Bias = gains };
        RunFolder run = SavedRuns.Make(_folder, "run", shape, SavedRuns.Bpe);
        if (isFolder) ExportHuggingFace(run);
        else using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        ImportReport report = ModelImport.Run(isFolder ? _folder["hf"] : _folder["x.gguf"], _folder["back"]);
        Assert.Equal(ModelConfig.Llama, report.Config.Family);
        AssertSameLogits(run, new RunFolder(_folder["back"]));
    }

    public static TheoryData<string> Gpt2Names => [.. Gpt2Shapes.Keys];

    private static Dictionary<string, ModelConfig> Gpt2Shapes { get; } = new()
    {
        ["sinusoidal"] = SavedRuns.Shape with { Positions = ModelConfig.Sinusoidal, InitialDeviation = 0.3 },
        ["no positions"] = SavedRuns.Shape with { Positions = ModelConfig.NoPositions },
        ["no gains"] = SavedRuns.Shape with { NormGain = false },
        ["neither gains nor biases"] = SavedRuns.Shape with { NormGain = false, Bias = false },
        ["a narrow MLP, an epsilon, an untied head"] = SavedRuns.Shape with { MlpSize = 40, NormEpsilon = 0.01, TiedHead = false },
        ["family llama"] = SavedRuns.Shape with { Family = ModelConfig.Llama, Bias = true, TiedHead = false },
    };

    [Theory]
    [MemberData(nameof(Gpt2Names))]
    public void What_is_a_gpt2_goes_out_as_one_and_comes_back_with_the_same_logits(string name)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", Gpt2Shapes[name], SavedRuns.Bpe);
        ExportHuggingFace(run);
        using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        Assert.Equal("gpt2", Config("model_type").GetString());
        foreach (string from in new[] { "hf", "x.gguf" })
        {
            ModelImport.Run(_folder[from], _folder[$"back-{from}"]);
            AssertSameLogits(run, new RunFolder(_folder[$"back-{from}"]));
        }
    }

    [Fact]
    public void The_configuration_says_what_transformers_asks()
    {
        ExportHuggingFace(SavedRuns.Make(_folder, "run", LlamaShapes.Scaled, SavedRuns.Bpe));
        Assert.Equal("LlamaForCausalLM", Config("architectures")[0].GetString());
        (string Field, object Value)[] expected =
        [
            ("model_type", "llama"), ("vocab_size", 280), ("max_position_embeddings", 160), ("hidden_size", 32), ("intermediate_size", 64),
            ("num_hidden_layers", 2), ("num_attention_heads", 4), ("num_key_value_heads", 1), ("head_dim", 8), ("hidden_act", "silu"), ("rms_norm_eps", 1e-06),
            ("rope_theta", 50000.0), ("attention_dropout", 0.0), ("tie_word_embeddings", false), ("attention_bias", false), ("mlp_bias", false), ("torch_dtype", "float32"),
            ("eos_token_id", SavedRuns.Bpe.EndOfTextId!.Value),
        ];
        Assert.Equal(expected.Select(e => $"{e.Field} {e.Value}"), expected.Select(e => $"{e.Field} {Plain(Config(e.Field), e.Value)}"));
        Assert.Equal(("linear", 2.5, 50000.0), (Config("rope_parameters").GetProperty("rope_type").GetString(),
            Config("rope_parameters").GetProperty("factor").GetDouble(), Config("rope_parameters").GetProperty("rope_theta").GetDouble()));
        JsonElement older = Config("rope_scaling");
        Assert.Equal(("linear", "2.5"), (older.GetProperty("rope_type").GetString(), older.GetProperty("factor").GetRawText()));

        // transformers wants floats, and Python's 2 is none.
        string[] reals = ["rms_norm_eps", "rope_theta", "attention_dropout"];
        Assert.Equal(["1E-06", "50000.0", "0.0"], reals.Select(field => Config(field).GetRawText()));

        string card = File.ReadAllText(_folder.In("hf", "README.md"));
        string[] said = ["tags: [llama, torchlm]", "A Llama language model", "| heads of keys and values | 1 |", "rotary, base 50000, divided by 2.5", "RMSNorm"];
        foreach (string words in said) Assert.Contains(words, card, StringComparison.Ordinal);

        static object Plain(JsonElement value, object like) => like switch
        {
            int => value.GetInt32(),
            double => value.GetDouble(),
            bool => value.GetBoolean(),
            _ => value.GetString()!,
        };
    }

    /// <summary>The bytes of a norm of a head of queries or keys.</summary>
    private static byte[] Gains(float value) => [.. Enumerable.Repeat(BitConverter.GetBytes(value), 8).SelectMany(b => b)];

    private void AssertComesBack(RunFolder run, string from, string to = "back")
    {
        ModelImport.Run(from, _folder[to]);
        var back = new RunFolder(_folder[to]);
        Assert.Equal(File.ReadAllBytes(SavedRuns.WeightsOf(run)), File.ReadAllBytes(SavedRuns.WeightsOf(back)));
        Assert.Equal(run.ReadConfig().Model, back.ReadConfig().Model);
        AssertSameLogits(run, back);
    }

    private static void AssertSameLogits(RunFolder run, RunFolder back)
    {
        using Gpt original = SavedModel.Find(run.Path).Load(CPU), copy = SavedModel.Find(back.Path).Load(CPU);
        using var scope = NewDisposeScope();
        Tensor ids = TinyGpt.Ids([1, 2, 3, 4, 5, 6, 7, 1, 2]);
        Deviation.AssertWithin(1e-5, TinyGpt.Values(original.forward(ids)), TinyGpt.Values(copy.forward(ids)));
    }

    private void ExportHuggingFace(RunFolder run)
    {
        using ModelSource source = SavedRuns.Open(run);
        HuggingFaceExport.Write(source, _folder["hf"]);
    }

    private JsonElement Config(string field)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder.In("hf", "config.json")));
        return document.RootElement.GetProperty(field).Clone();
    }
}
