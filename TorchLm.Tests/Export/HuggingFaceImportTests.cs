using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export;
using TorchLm.Export.HuggingFace;
using TorchLm.Tests.Checkpoints;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>Folders in Hugging Face's layout become TorchLm's, whoever wrote them, and what is wrong with one is said in one sentence.</summary>
public sealed class HuggingFaceImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void What_was_exported_comes_back_byte_for_byte(bool bias, bool bpe)
    {
        RunFolder run = Exported(SavedRuns.Shape with { Bias = bias, Gelu = bias ? "exact" : "tanh", Dropout = 0.1 }, bpe ? SavedRuns.Bpe : SavedRuns.Characters);
        ImportReport report = ModelImport.Run(_folder["hf"], _folder["back"]);
        var back = new RunFolder(_folder["back"]);
        Assert.Equal(File.ReadAllBytes(SavedRuns.WeightsOf(run)), File.ReadAllBytes(SavedRuns.WeightsOf(back)));
        Assert.Equal(File.ReadAllBytes(run.TokenizerPath), File.ReadAllBytes(back.TokenizerPath));
        Assert.Equal(run.ReadConfig().Model, back.ReadConfig().Model);
        Assert.Equal(back.ReadConfig().Model, report.Config);
        Assert.Equal(0, report.UnusedRows);

        // It speaks as the original does.
        using Gpt original = SavedModel.Find(run.Path).Load(CPU), copy = SavedModel.Find(back.Path).Load(CPU);
        using var scope = NewDisposeScope();
        Tensor ids = TinyGpt.Ids([1, 2, 3]);
        Assert.Equal(TinyGpt.Values(original.forward(ids)), TinyGpt.Values(copy.forward(ids)));
    }

    /// <summary>As the first GPT-2 files on the Hub are: GPT2Model's names, masks among the weights, halves, several files, half of the settings unsaid.</summary>
    [Fact]
    public void A_folder_of_other_conventions_is_read()
    {
        RunFolder run = Exported(SavedRuns.Shape, SavedRuns.Bpe);
        Dictionary<string, (long[] Shape, float[] Values)> tensors = Weights();
        using (NewDisposeScope())
        {
            List<(string Name, Tensor Value)> half = [.. tensors.Select(t => (t.Key["transformer.".Length..], tensor(t.Value.Values, t.Value.Shape).to(ScalarType.Float16)))];
            for (int i = 0; i < 2; i++)
            {
                half.Add(($"h.{i}.attn.bias", ones(1, 1, 24, 24).tril().to(ScalarType.Byte)));
                half.Add(($"h.{i}.attn.masked_bias", tensor(-1e4f)));
            }
            half.Add(("lm_head.weight", half.Single(t => t.Name == "wte.weight").Value));
            Shards(half);
        }
        JsonObject config = ReadConfig();
        foreach (string field in new[] { "n_ctx", "n_inner", "scale_attn_weights", "tie_word_embeddings", "activation_function", "dtype", "torch_dtype" }) config.Remove(field);
        WriteConfig(config);
        File.Delete(_folder.In("hf", "tokenizer.json"));

        ModelImport.Run(_folder["hf"], _folder["back"]);
        foreach ((string name, _, long[] shape, float[] values) in SafeTensorsBytes.Read(SavedRuns.WeightsOf(new RunFolder(_folder["back"]))))
        {
            Assert.Equal(tensors[name].Shape, shape);
            Assert.Equal(tensors[name].Values.Select(v => (float)(Half)v), values);
        }
        Assert.Equal(File.ReadAllText(run.TokenizerPath), File.ReadAllText(_folder.In("back", "tokenizer.json")));
    }

    [Fact]
    public void Rows_that_no_token_has_are_left_out_and_counted()
    {
        Exported(SavedRuns.Shape, SavedRuns.Bpe);
        (long[] shape, float[] values) = Weights()["transformer.wte.weight"];
        Replace("transformer.wte.weight", [shape[0] + 8, shape[1]], [.. values, .. new float[8 * shape[1]]]);
        Set("vocab_size", shape[0] + 8);
        Assert.Equal(8, ModelImport.Run(_folder["hf"], _folder["back"]).UnusedRows);
        var back = SafeTensorsBytes.Read(SavedRuns.WeightsOf(new RunFolder(_folder["back"])));
        Assert.Equal(values, back.Single(t => t.Name == "transformer.wte.weight").Values);
        Assert.Equal(280, new RunFolder(_folder["back"]).ReadConfig().Model.VocabularySize);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_imported_without_one()
    {
        Exported(SavedRuns.Shape, SavedRuns.Characters);
        File.Delete(_folder.In("hf", "tokenizer.json"));
        Assert.Null(ModelImport.Run(_folder["hf"], _folder["back"]).Tokenizer);
        Assert.False(File.Exists(_folder.In("back", "tokenizer.json")));
    }

    /// <summary>What is wrong, how it comes about, and what the sentence says of it.</summary>
    public static TheoryData<string, Action<HuggingFaceImportTests>, string> Mistakes() => new()
    {
        { "missing tensor", t => t.Edit(w => w.Remove("transformer.h.1.mlp.c_fc.bias")), "lack the tensor 'transformer.h.1.mlp.c_fc.bias'" },
        { "surplus tensor", t => t.Edit(w => w["transformer.h.2.ln_1.weight"] = ([16], new float[16])), "hold 'transformer.h.2.ln_1.weight'" },
        { "transposed tensor", t => t.Edit(w => w["transformer.h.0.mlp.c_fc.weight"] = ([64, 16], new float[1024])), "(64, 16), but the model's configuration asks for (16, 64)" },
        { "untied head", t => t.Edit(w => w["lm_head.weight"] = ([280, 16], new float[4480])), "output head (lm_head.weight) of their own" },
        { "both names", t => t.Edit(w => w["wpe.weight"] = w["transformer.wpe.weight"]), "'transformer.wpe.weight' and 'wpe.weight'" },
        { "another architecture", t => t.Set("model_type", "bert"), "model_type 'bert'" },
        { "another activation", t => t.Set("activation_function", "relu"), "activation_function is 'relu'" },
        { "a narrower MLP", t => t.Set("n_inner", 32), "'transformer.h.0.mlp.c_fc.weight' with the shape (16, 64), but the model's configuration asks for (16, 32)" },
        { "an epsilon of nothing", t => t.Set("layer_norm_epsilon", 0), "model.normEpsilon is 0" },
        { "an untied configuration", t => t.Set("tie_word_embeddings", false), "lack the tensor 'lm_head.weight'" },
        { "scaled by layer", t => t.Set("scale_attn_by_inverse_layer_idx", true), "scale_attn_by_inverse_layer_idx" },
        { "heads that do not divide", t => t.Set("n_head", 3), "n_head is 3" },
        { "layers that are no number", t => t.Set("n_layer", "two"), "n_layer is not a whole number" },
        { "no layers", t => t.Set("n_layer", 0), "n_layer is not a whole number" },
        { "a billion layers", t => t.Set("n_layer", 1_000_000_000), "config.json' cannot be imported: model.layerCount is 1000000000" },
        { "too many layers", t => t.Set("n_layer", 9000), "lack the tensor 'transformer.h.2.ln_1.weight'" },
        { "a vocabulary beyond memory", t => t.Set("vocab_size", int.MaxValue), "vocab_size times n_embd" },
        { "a switch that is a number", t => t.Set("scale_attn_weights", 1), "scale_attn_weights is not true or false" },
        { "dropout of everything", t => t.Set("resid_pdrop", 1.0), "resid_pdrop is 1" },
        { "no JSON", t => t._folder.Write("hf/config.json", "{\"model_type\""), "config.json' is not sound JSON (line 1)" },
        { "JSON without an object", t => t._folder.Write("hf/config.json", "[]"), "not a JSON object" },
        { "a name twice", t => t._folder.Write("hf/config.json", """{"model_type":"gpt2","model_type":"gpt2"}"""), "not sound JSON" },
        { "deep JSON", t => t._folder.Write("hf/config.json", string.Concat(Enumerable.Repeat("{\"a\":", 5000))), "not sound JSON" },
        { "half a character", t => t._folder.Write("hf/config.json", """{"model_type":"\ud800"}"""), "not valid Unicode" },
        { "no configuration", t => File.Delete(t._folder.In("hf", "config.json")), "has no config.json" },
        { "no weights", t => File.Delete(t._folder.In("hf", "model.safetensors")), "has no model.safetensors" },
        { "a pickle", t => File.Move(t._folder.In("hf", "model.safetensors"), t._folder.In("hf", "pytorch_model.bin")), "is a Python pickle" },
        { "a larger tokenizer", t => TiktokenEncoding.Cl100kBase.Save(t._folder.In("hf", "tokenizer.json")), "has 100277 ids, but the model only 280" },
        { "a tokenizer of half a gigabyte", t => t.Sparse("tokenizer.json"), "512 MB, more than any vocabulary needs" },
        { "merges of half a gigabyte", t => { File.Delete(t._folder.In("hf", "tokenizer.json")); t.Sparse("merges.txt"); }, "512 MB, more than any vocabulary needs" },
        { "an id that is a text", t => { File.Delete(t._folder.In("hf", "tokenizer.json")); t._folder.Write("hf/vocab.json", """{"a":"0"}"""); }, "vocab.json is not a whole number" },
        { "an unknown tokenizer", t => t._folder.Write("hf/tokenizer.json", """{"model":{"type":"Unigram","vocab":[]}}"""), "Unigram" },
        { "an index that leads out", t => t.WriteIndex("../secret.safetensors"), "not the name of a .safetensors file beside it" },
        { "an index to the root", t => t.WriteIndex("/etc/passwd.safetensors"), "not the name of a .safetensors file beside it" },
        { "an index to a drive", t => t.WriteIndex("C:\\a.safetensors"), "not the name of a .safetensors file beside it" },
        { "an index to a pickle", t => t.WriteIndex("a.bin"), "not the name of a .safetensors file beside it" },
        { "an index to nothing", t => t.WriteIndex("gone.safetensors"), "'gone.safetensors', which is not beside it" },
        { "an index of numbers", t => t.WriteIndexText("""{"weight_map":{"wte.weight":3}}"""), "'wte.weight' is in 3" },
        { "an index without a map", t => t.WriteIndexText("{}"), "has no weight_map" },
        { "an index that is wrong", t => t.WriteIndex("b.safetensors", "b.safetensors"), "says that 'wte.weight' is in 'b.safetensors', but it is not" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_gives_one_sentence_and_no_output(string mistake, Action<HuggingFaceImportTests> make, string sentence)
    {
        Assert.NotEmpty(mistake);
        Exported(SavedRuns.Shape, SavedRuns.Bpe);
        make(this);
        AssertRefused(_folder["hf"], sentence);
    }

    [Fact]
    public void Paths_that_are_no_folders_are_said()
    {
        _folder.Write("model.pt", "x");
        _folder.Write("notes.txt", "x");
        AssertRefused(_folder["model.pt"], "is a Python pickle");
        AssertRefused(_folder["notes.txt"], "is a file that cannot be imported");
        AssertRefused(_folder["nowhere"], "There is no");
        AssertRefused(_folder["nowhere.gguf"], "There is no");
    }

    [Fact]
    public void A_tensor_in_two_files_is_said()
    {
        Exported(SavedRuns.Shape, SavedRuns.Bpe);
        using (NewDisposeScope())
        {
            Shards([.. Weights().Select(t => (t.Key, tensor(t.Value.Values, t.Value.Shape)))], both: "transformer.wpe.weight");
        }
        AssertRefused(_folder["hf"], "'transformer.wpe.weight' is both in");
    }

    [Fact]
    public void A_folder_that_is_in_use_is_never_written_to()
    {
        Exported(SavedRuns.Shape, SavedRuns.Bpe);
        _folder.Write("mine/letter.txt", "Dear Ann,");
        Assert.Contains("letter.txt", Assert.Throws<InputException>(() => ModelImport.Run(_folder["hf"], _folder["mine"])).Message, StringComparison.Ordinal);
        Assert.Equal(["letter.txt"], Directory.EnumerateFiles(_folder["mine"]).Select(Path.GetFileName));
    }

    private RunFolder Exported(ModelConfig shape, ITokenizer tokenizer)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", shape, tokenizer);
        using ModelSource source = SavedRuns.Open(run);
        HuggingFaceExport.Write(source, _folder["hf"]);
        return run;
    }

    private void AssertRefused(string from, string sentence)
    {
        string[] before = _folder.Files();
        Exception? failure = Record.Exception(() => ModelImport.Run(from, _folder["back"]));
        Assert.True(failure is InputException or TokenizerException, failure?.ToString() ?? "it was accepted");
        Assert.Contains(sentence, failure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Equal(before, _folder.Files());
        Assert.False(Directory.Exists(_folder["back"]));
    }

    private Dictionary<string, (long[] Shape, float[] Values)> Weights() =>
        SafeTensorsBytes.Read(_folder.In("hf", "model.safetensors")).ToDictionary(t => t.Name, t => (t.Shape, t.Values));

    private void Edit(Action<Dictionary<string, (long[] Shape, float[] Values)>> change)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, (long[] Shape, float[] Values)> tensors = Weights();
        change(tensors);
        using FileStream stream = File.Create(_folder.In("hf", "model.safetensors"));
        SafeTensors.Write(stream, [.. tensors.Select(t => (t.Key, tensor(t.Value.Values, t.Value.Shape)))]);
    }

    private void Replace(string name, long[] shape, float[] values) => Edit(tensors => tensors[name] = (shape, values));

    private JsonObject ReadConfig() => JsonNode.Parse(File.ReadAllText(_folder.In("hf", "config.json")))!.AsObject();

    private void WriteConfig(JsonObject config) => _folder.Write("hf/config.json", config.ToJsonString());

    private void Set(string field, JsonNode value)
    {
        JsonObject config = ReadConfig();
        config[field] = value;
        WriteConfig(config);
    }

    /// <summary>Puts the tensors into two files by turns, with an index.</summary>
    private void Shards(List<(string Name, Tensor Value)> tensors, string? both = null)
    {
        File.Delete(_folder.In("hf", "model.safetensors"));
        var map = new JsonObject();
        for (int i = 0; i < 2; i++)
        {
            string file = $"model-{i + 1:00000}-of-00002.safetensors";
            (string Name, Tensor Value)[] part = [.. tensors.Where((t, index) => index % 2 == i || t.Name == both)];
            foreach ((string name, _) in part) map[name] = file;
            using FileStream stream = File.Create(_folder.In("hf", file));
            SafeTensors.Write(stream, part);
        }
        WriteIndexText(new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 1 }, ["weight_map"] = map }.ToJsonString());
    }

    private void WriteIndex(string file, string? existing = null)
    {
        WriteIndexText(new JsonObject { ["weight_map"] = new JsonObject { ["wte.weight"] = file } }.ToJsonString());
        if (existing is not null) _folder.Write($"hf/{existing}", SafeTensorsBytes.File("""{"other":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
    }

    /// <summary>Makes a file very large, at no cost for whoever sends it.</summary>
    private void Sparse(string name)
    {
        using FileStream file = File.Create(_folder.In("hf", name));
        file.SetLength(512 << 20);
    }

    private void WriteIndexText(string text)
    {
        File.Delete(_folder.In("hf", "model.safetensors"));
        _folder.Write("hf/model.safetensors.index.json", text);
    }
}
