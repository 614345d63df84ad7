using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Checkpoints;

public class ModelWeightsTests
{
    private static readonly ModelConfig s_config =
        new() { LayerCount = 1, HeadCount = 2, EmbeddingSize = 4, ContextLength = 3, VocabularySize = 5, VocabularyMultiple = 64 };

    /// <summary>Hugging Face's GPT2LMHeadModel with n_layer 1, n_embd 4, n_positions 3, vocab_size 5; the linears are Conv1D: [in, out].</summary>
    private static readonly (string Name, long[] Shape, string Own)[] s_tensors =
    [
        ("transformer.wte.weight", [5, 4], "tokens.weight"),
        ("transformer.wpe.weight", [3, 4], "positions.weight"),
        ("transformer.h.0.ln_1.weight", [4], "blocks.0.attentionNorm.weight"),
        ("transformer.h.0.ln_1.bias", [4], "blocks.0.attentionNorm.bias"),
        ("transformer.h.0.attn.c_attn.weight", [4, 12], "blocks.0.attention.qkv.weight"),
        ("transformer.h.0.attn.c_attn.bias", [12], "blocks.0.attention.qkv.bias"),
        ("transformer.h.0.attn.c_proj.weight", [4, 4], "blocks.0.attention.output.weight"),
        ("transformer.h.0.attn.c_proj.bias", [4], "blocks.0.attention.output.bias"),
        ("transformer.h.0.ln_2.weight", [4], "blocks.0.mlpNorm.weight"),
        ("transformer.h.0.ln_2.bias", [4], "blocks.0.mlpNorm.bias"),
        ("transformer.h.0.mlp.c_fc.weight", [4, 16], "blocks.0.mlp.expand.weight"),
        ("transformer.h.0.mlp.c_fc.bias", [16], "blocks.0.mlp.expand.bias"),
        ("transformer.h.0.mlp.c_proj.weight", [16, 4], "blocks.0.mlp.project.weight"),
        ("transformer.h.0.mlp.c_proj.bias", [4], "blocks.0.mlp.project.bias"),
        ("transformer.ln_f.weight", [4], "finalNorm.weight"),
        ("transformer.ln_f.bias", [4], "finalNorm.bias"),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_file_holds_exactly_the_tensors_of_Hugging_Face(bool bias)
    {
        using var folder = new TemporaryFolder();
        using Gpt model = TinyGpt.WithWideWeights(s_config with { Bias = bias });
        Save(model, folder.In("w"));
        var file = SafeTensorsBytes.Read(folder.In("w"));
        Dictionary<string, float[]> own = TinyGpt.Parameters(model);
        Assert.Equal(s_tensors.Select(t => t.Name), file.Select(t => t.Name));
        foreach (((string name, long[] shape, string ownName), (_, string type, long[] fileShape, float[] values)) in s_tensors.Zip(file))
        {
            Assert.Equal("F32", type);
            Assert.Equal(shape, fileShape);
            if (!own.TryGetValue(ownName, out float[]? expected))
            {
                Assert.False(bias);
                Assert.All(values, v => Assert.Equal(0f, v));
                continue;
            }
            bool isLinear = name.Contains(".c_", StringComparison.Ordinal) && shape.Length == 2;
            int columns = (int)shape[^1], rows = values.Length / columns;
            for (int i = 0; i < values.Length; i++) Assert.Equal(expected[isLinear ? i % columns * rows + i / columns : i], values[i]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Weights_come_back_bit_for_bit(bool bias)
    {
        using var folder = new TemporaryFolder();
        using Gpt model = TinyGpt.WithWideWeights(s_config with { Bias = bias }), other = new(s_config with { Bias = bias }, seed: 9);
        Save(model, folder.In("w"));
        using (var reader = new SafeTensorsReader(folder.In("w"))) ModelWeights.Load(reader, other);
        Dictionary<string, float[]> expected = TinyGpt.Parameters(model);
        Assert.All(TinyGpt.Parameters(other), p => Assert.Equal(expected[p.Key], p.Value));
    }

    [Fact]
    public void Padding_does_not_show_in_the_file()
    {
        using var folder = new TemporaryFolder();
        using Gpt padded = TinyGpt.WithWideWeights(s_config), plain = TinyGpt.WithWideWeights(s_config with { VocabularyMultiple = 1 });
        Save(padded, folder.In("padded"));
        Save(plain, folder.In("plain"));
        Assert.Equal(File.ReadAllBytes(folder.In("plain")), File.ReadAllBytes(folder.In("padded")));
    }

    [Fact]
    public void Weights_of_half_precision_are_read()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using Gpt model = TinyGpt.WithWideWeights(s_config with { Bias = true }), other = new(s_config with { Bias = true });
        Save(model, folder.In("w"));
        var tensors = SafeTensorsBytes.Read(folder.In("w"));
        using (FileStream stream = File.Create(folder.In("half")))
        {
            SafeTensors.Write(stream, [.. tensors.Select(t => (t.Name, tensor(t.Values, t.Shape).to(ScalarType.BFloat16)))]);
        }
        using (var reader = new SafeTensorsReader(folder.In("half"))) ModelWeights.Load(reader, other);
        float[] expected = TinyGpt.Parameters(model)["tokens.weight"], actual = TinyGpt.Parameters(other)["tokens.weight"];
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], Math.Abs(expected[i]) / 256); // 8 bits of mantissa
    }

    [Theory]
    [InlineData("transformer.h.0.mlp.c_fc.weight")]
    [InlineData("transformer.ln_f.bias")]
    public void A_missing_tensor_is_named(string name) =>
        AssertRefused(tensors => tensors.RemoveAll(t => t.Name == name), $"lack the tensor '{name}'");

    [Fact]
    public void A_surplus_tensor_is_named() =>
        AssertRefused(tensors => tensors.Add(("lm_head.weight", tensors[0].Value)), "'lm_head.weight', which the model's configuration has no place for");

    [Fact]
    public void A_tensor_of_another_shape_is_named_with_both_shapes() => AssertRefused(tensors =>
    {
        int at = tensors.FindIndex(t => t.Name == "transformer.h.0.attn.c_attn.weight");
        tensors[at] = (tensors[at].Name, tensors[at].Value.t());
    }, "'transformer.h.0.attn.c_attn.weight' with the shape (12, 4), but the model's configuration asks for (4, 12)");

    [Fact]
    public void A_bias_that_the_model_has_no_place_for_is_named() => AssertRefused(tensors =>
    {
        int at = tensors.FindIndex(t => t.Name == "transformer.h.0.ln_2.bias");
        tensors[at] = (tensors[at].Name, ones(4));
    }, "a bias 'transformer.h.0.ln_2.bias', but the model's configuration has model.bias = false");

    private static void AssertRefused(Action<List<(string Name, Tensor Value)>> spoil, string sentence)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Gpt(s_config);
        Save(model, folder.In("w"));
        List<(string Name, Tensor Value)> tensors = [.. SafeTensorsBytes.Read(folder.In("w")).Select(t => (t.Name, tensor(t.Values, t.Shape)))];
        spoil(tensors);
        using (FileStream stream = File.Create(folder.In("spoilt"))) SafeTensors.Write(stream, tensors);
        using var reader = new SafeTensorsReader(folder.In("spoilt"));
        var failure = Assert.Throws<InputException>(() => ModelWeights.Load(reader, model));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.Contains(folder.In("spoilt"), failure.Message, StringComparison.Ordinal);
    }

    private static void Save(Gpt model, string path)
    {
        using FileStream stream = File.Create(path);
        ModelWeights.Save(stream, model);
    }
}
