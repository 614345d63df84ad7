using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Export;
using TorchLm.Export.HuggingFace;
using TorchLm.Tests.Checkpoints;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>A folder that transformers loads: what its GPT2Config, its tokenizers and safetensors expect.</summary>
public sealed class HuggingFaceExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Weights_are_the_checkpoints_byte_for_byte()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe);
        Export(run);
        Assert.Equal(File.ReadAllBytes(SavedRuns.WeightsOf(run)), File.ReadAllBytes(_folder.In("hf", "model.safetensors")));
    }

    [Theory]
    [InlineData(ScalarType.Float16, "F16", "float16")]
    [InlineData(ScalarType.BFloat16, "BF16", "bfloat16")]
    public void Halves_are_rounded_to_nearest(ScalarType type, string name, string dtype)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe);
        Export(run, type);
        Assert.Equal(dtype, Json("config.json").GetProperty("dtype").GetString());
        using var reader = new SafeTensorsReader(_folder.In("hf", "model.safetensors"));
        foreach ((string tensor, _, _, float[] values) in SafeTensorsBytes.Read(SavedRuns.WeightsOf(run)))
        {
            using Tensor read = reader.Read(tensor);
            Assert.Equal(type, read.dtype);
            ushort[] bits = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(read.bytes)];
            Assert.Equal(values.Select(v => type == ScalarType.Float16 ? BitConverter.HalfToUInt16Bits((Half)v) : BFloat16Bits(v)), bits);
        }
        Assert.Contains($"\"dtype\":\"{name}\"", System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(_folder.In("hf", "model.safetensors"))), StringComparison.Ordinal);

        // To nearest, ties to even: IEEE 754 on the upper half of a float32.
        static ushort BFloat16Bits(float value)
        {
            uint bits = BitConverter.SingleToUInt32Bits(value);
            return (ushort)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
        }
    }

    [Theory]
    [InlineData("tanh", "gelu_new")]
    [InlineData("exact", "gelu")]
    public void The_configuration_says_what_transformers_asks(string gelu, string activation)
    {
        Export(SavedRuns.Make(_folder, "run", SavedRuns.Shape with { Gelu = gelu, Dropout = 0.25 }, SavedRuns.Bpe));
        JsonElement config = Json("config.json");
        Assert.Equal("GPT2LMHeadModel", config.GetProperty("architectures")[0].GetString());
        Assert.Equal("gpt2", config.GetProperty("model_type").GetString());
        foreach ((string field, int value) in new[] { ("n_layer", 2), ("n_head", 2), ("n_embd", 16), ("n_positions", 24), ("n_ctx", 24), ("n_inner", 64), ("vocab_size", 280) })
        {
            Assert.Equal(value, config.GetProperty(field).GetInt32());
        }
        Assert.Equal(activation, config.GetProperty("activation_function").GetString());
        Assert.Equal(1e-5, config.GetProperty("layer_norm_epsilon").GetDouble());
        Assert.Equal(0.25, config.GetProperty("resid_pdrop").GetDouble());
        Assert.True(config.GetProperty("tie_word_embeddings").GetBoolean());
        int end = SavedRuns.Bpe.EndOfTextId!.Value;
        Assert.Equal(end, config.GetProperty("eos_token_id").GetInt32());
        Assert.Equal(end, Json("generation_config.json").GetProperty("eos_token_id").GetInt32());
        Assert.Equal("<|endoftext|>", Json("special_tokens_map.json").GetProperty("eos_token").GetString());
        Assert.Equal("<|endoftext|>", Json("tokenizer_config.json").GetProperty("eos_token").GetString());
        Assert.Equal("GPT2Tokenizer", Json("tokenizer_config.json").GetProperty("tokenizer_class").GetString());
        Assert.Equal(24, Json("tokenizer_config.json").GetProperty("model_max_length").GetInt32());
    }

    /// <summary>transformers takes 50256 where nothing is said, an id that a small vocabulary does not have.</summary>
    [Fact]
    public void A_vocabulary_without_an_end_says_null()
    {
        Export(SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Characters));
        Assert.Equal(JsonValueKind.Null, Json("config.json").GetProperty("eos_token_id").ValueKind);
        Assert.Equal(JsonValueKind.Null, Json("config.json").GetProperty("bos_token_id").ValueKind);
        Assert.Empty(Json("special_tokens_map.json").EnumerateObject());
        Assert.False(File.Exists(_folder.In("hf", "vocab.json")));
    }

    [Fact]
    public void The_older_pair_of_vocabulary_files_is_the_same_tokenizer()
    {
        Export(SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe));
        ITokenizer read = VocabularyAndMerges.Load(_folder.In("hf", "vocab.json"), _folder.In("hf", "merges.txt"));
        Assert.Equal(SavedRuns.Bpe.EndOfTextId, read.EndOfTextId);
        foreach (string text in Tokenizers.TextSamples.Tricky) Assert.Equal(SavedRuns.Bpe.Encode(text), read.Encode(text));
        Assert.Equal("#version: 0.2", File.ReadLines(_folder.In("hf", "merges.txt")).First());
    }

    [Fact]
    public void The_card_has_the_figures_of_the_training()
    {
        Export(SavedRuns.Make(_folder, "run", SavedRuns.Shape with { Bias = false }, SavedRuns.Bpe));
        string card = File.ReadAllText(_folder.In("hf", "README.md"));
        foreach (string words in new[] { "# run", "7 steps, 700 tokens", "2.5000 nats a token, perplexity 12.18, 1.250 bits a byte", "2 layers, 2 heads, width 16", "280 ids", "none: those in the files are zero" })
        {
            Assert.Contains(words, card, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_was_there_stays_unless_asked_and_what_is_not_an_exports_stays_always()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe);
        Export(run);
        _folder.Write("hf/config.json", "mine");
        Assert.Contains("--overwrite", Assert.Throws<InputException>(() => Export(run)).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder.In("hf", "config.json")));
        Export(run, overwrite: true);
        Assert.NotEqual("mine", File.ReadAllText(_folder.In("hf", "config.json")));

        _folder.Write("hf/thesis.txt", "years of work");
        Assert.Contains("thesis.txt", Assert.Throws<InputException>(() => Export(run, overwrite: true)).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.In("hf", "thesis.txt")));
        _folder.Write("file", "x");
        using ModelSource source = SavedRuns.Open(run);
        Assert.Contains("is a file", Assert.Throws<InputException>(() => HuggingFaceExport.Write(source, _folder["file"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_left_of_an_export_that_fails_or_is_stopped()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe, model =>
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            SmallModel.Parameter(model, "finalNorm.weight").fill_(70000);
        });
        string[] before = _folder.Files();
        Assert.Contains("'transformer.ln_f.weight' holds values up to 70000", Assert.Throws<InputException>(() => Export(run, ScalarType.Float16)).Message, StringComparison.Ordinal);
        Assert.Equal(before, _folder.Files());

        using var cancel = new CancellationTokenSource();
        using ModelSource source = SavedRuns.Open(run);
        var stop = new Reports { OnReport = share => { if (share > 0.5) cancel.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => HuggingFaceExport.Write(source, _folder["hf"], progress: stop, cancel: cancel.Token));
        Assert.Equal(before, _folder.Files());
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void One_tensor_at_a_time_is_in_memory()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", SavedRuns.Shape, SavedRuns.Bpe);
        long before = LiveTensors.OfThisThread;
        // One as it was read and in its new type, and the writer's views of it.
        var reports = new Reports { OnReport = _ => Assert.InRange(LiveTensors.OfThisThread - before, 0, 5) };
        using (ModelSource source = SavedRuns.Open(run)) HuggingFaceExport.Write(source, _folder["hf"], ScalarType.BFloat16, progress: reports);
        Assert.Equal(28, reports.Values.Count);
        Assert.Equal(1, reports.Values[^1], 12);
        Assert.Equal(before, LiveTensors.OfThisThread);
    }

    private void Export(RunFolder run, ScalarType type = ScalarType.Float32, bool overwrite = false)
    {
        using ModelSource source = SavedRuns.Open(run);
        HuggingFaceExport.Write(source, _folder["hf"], type, overwrite);
    }

    private JsonElement Json(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder.In("hf", file)));
        return document.RootElement.Clone();
    }
}
