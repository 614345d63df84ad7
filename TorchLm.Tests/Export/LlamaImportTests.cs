using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Export.HuggingFace;

namespace TorchLm.Tests.Export;

/// <summary>Llamas of other conventions are read, and what TorchLm's model does not compute is refused in one sentence.</summary>
public sealed class LlamaImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>As folders were before transformers 4.43: one place for the rotation, its base beside it, and half of the settings unsaid.</summary>
    [Fact]
    public void An_older_configuration_says_the_same()
    {
        RunFolder run = Exported(LlamaShapes.Scaled with { KeyValueHeadCount = 0 });
        Change(config =>
        {
            string[] unsaid = ["rope_parameters", "head_dim", "num_key_value_heads", "hidden_act", "attention_bias", "mlp_bias", "attention_dropout"];
            foreach (string field in unsaid) config.Remove(field);
            config["rope_scaling"] = new JsonObject { ["type"] = "linear", ["factor"] = 2.5 };
        });
        Assert.Equal(run.ReadConfig().Model, ModelImport.Run(_folder["hf"], _folder["back"]).Config);
    }

    [Fact]
    public void A_newer_configuration_says_the_same()
    {
        RunFolder run = Exported(LlamaShapes.Scaled);
        Change(config =>
        {
            config.Remove("rope_scaling");
            config.Remove("rope_theta");
        });
        Assert.Equal(run.ReadConfig().Model, ModelImport.Run(_folder["hf"], _folder["back"]).Config);
    }

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8}""", "rope_scaling.rope_type is 'llama3'; only default and linear can be imported.")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":8}""", "rope_scaling.rope_type is 'yarn'; only default and linear can be imported.")]
    [InlineData("rope_scaling", """{"type":"linear"}""", "rope_scaling.factor is missing.")]
    [InlineData("rope_scaling", """{"type":"linear","factor":0.5}""", "model.ropeScale is 0.5")]
    [InlineData("rope_scaling", "7", "rope_scaling is not an object.")]
    [InlineData("attention_bias", "true", "attention_bias is True and mlp_bias False; TorchLm's model has biases in both or in neither.")]
    [InlineData("head_dim", "16", "head_dim is 16, but only hidden_size / num_attention_heads (8) can be imported.")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act is 'gelu'; only silu can be imported.")]
    [InlineData("num_key_value_heads", "3", "model.keyValueHeadCount is 3, but it must divide model.headCount (4)")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor is 0.5; TorchLm's model turns all channels of a head.")]
    [InlineData("intermediate_size", "96", "'model.layers.0.mlp.gate_proj.weight' with the shape (64, 32)")]
    [InlineData("tie_word_embeddings", "false", "lack the tensor 'lm_head.weight'")]
    [InlineData("model_type", "\"qwen2\"", "model_type 'qwen2'; gpt2, llama, mistral and qwen3 can be imported.")]
    public void A_llama_that_computes_something_else_is_refused(string field, string value, string sentence)
    {
        Exported(LlamaShapes.Grouped);
        Change(config => config[field] = JsonNode.Parse(value));
        var failure = Assert.Throws<InputException>(() => ModelImport.Run(_folder["hf"], _folder["back"]));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["back"]));
    }

    [Theory]
    [InlineData("llama.rope.scaling.type\u0008\0\0\0\u0006\0\0\0\0\0\0\0linear",
        "llama.rope.scaling.type\u0008\0\0\0\u0006\0\0\0\0\0\0\0llama3", "in the way 'llama3'")]
    [InlineData("llama.attention.key_length\u0004\0\0\0\u0008",
        "llama.attention.key_length\u0004\0\0\0\u0010", "'llama.attention.key_length' 16, but only")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", "llama.attention.layer_norm_rmz_epsilon", "has no 'llama.attention.layer_norm_rms_epsilon'")]
    [InlineData("blk.1.ffn_gate.weight", "blk.1.ffn_gato.weight", "lack the tensor 'model.layers.1.mlp.gate_proj.weight'")]
    public void A_llama_of_llama_cpp_that_computes_something_else_is_refused(string was, string becomes, string sentence)
    {
        using (ModelSource source = SavedRuns.Open(SavedRuns.Make(_folder, "run", LlamaShapes.Scaled, SavedRuns.Bpe)))
        {
            GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        }
        byte[] file = File.ReadAllBytes(_folder["x.gguf"]);
        int at = file.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(was));
        System.Text.Encoding.UTF8.GetBytes(becomes).CopyTo(file, at);
        File.WriteAllBytes(_folder["x.gguf"], file);
        var failure = Assert.Throws<InputException>(() => ModelImport.Run(_folder["x.gguf"], _folder["back"]));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["back"]));
    }

    private RunFolder Exported(ModelConfig shape)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", shape, SavedRuns.Bpe);
        using ModelSource source = SavedRuns.Open(run);
        HuggingFaceExport.Write(source, _folder["hf"]);
        return run;
    }

    private void Change(Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(_folder.In("hf", "config.json")))!.AsObject();
        change(config);
        _folder.Write("hf/config.json", config.ToJsonString());
    }
}
