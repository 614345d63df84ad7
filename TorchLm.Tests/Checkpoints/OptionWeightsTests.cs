using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Checkpoints;

/// <summary>The weights of every option, under the names of either family.</summary>
public class OptionWeightsTests
{
    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void Weights_come_back_bit_for_bit(string option)
    {
        foreach (string family in (string[])["gpt2", "llama"])
        {
            ModelConfig config = ModelOptions.All[option] with { Family = family };
            using var folder = new TemporaryFolder();
            using Gpt model = TinyGpt.WithWideWeights(config), other = TinyGpt.WithWideWeights(config, seed: 9);
            Save(model, folder.In("w"));
            using (var reader = new SafeTensorsReader(folder.In("w"))) ModelWeights.Load(reader, other);
            Dictionary<string, float[]> expected = TinyGpt.Parameters(model);
            Assert.All(TinyGpt.Parameters(other), p => Assert.Equal(expected[p.Key], p.Value));

            // What is described is what is there, each name once, and each number of the model in one place.
            List<(string Name, string Type, long[] Shape, float[] Values)> file = SafeTensorsBytes.Read(folder.In("w"));
            Assert.Equal(ModelWeights.Describe(config).Select(t => t.Name), file.Select(t => t.Name));
            Assert.All(ModelWeights.Describe(config).Zip(file), pair => Assert.Equal(pair.First.Shape, pair.Second.Shape));
            Assert.Equal(file.Count, file.Select(t => t.Name).Distinct().Count());
            Assert.Contains(file, t => t.Name == ModelWeights.Tokens(config) && t.Shape.SequenceEqual([11L, config.EmbeddingSize]));
            IEnumerable<float> stored = file.SelectMany(t => t.Values).Where(v => v != 0);
            IEnumerable<float> held = expected.Values.SelectMany(v => v).Where(v => v != 0);
            Assert.Equal(held.Order(), stored.Order());
        }
    }

    /// <summary>LlamaForCausalLM with one layer, hidden_size 8, 4 heads, 2 of them for keys, intermediate_size 5, vocab_size 11.</summary>
    [Fact]
    public void The_file_holds_exactly_the_tensors_of_Hugging_Faces_Llama()
    {
        ModelConfig config = ModelOptions.All["llama"].WithHeadSize(2) with { LayerCount = 1, MlpSize = 5, VocabularyMultiple = 8 };
        (string Name, long[] Shape, string Own, int FirstRow)[] expected =
        [
            ("model.embed_tokens.weight", [11, 8], "tokens.weight", 0),
            ("model.layers.0.input_layernorm.weight", [8], "blocks.0.attentionNorm.weight", 0),
            ("model.layers.0.self_attn.q_proj.weight", [8, 8], "blocks.0.attention.qkv.weight", 0),
            ("model.layers.0.self_attn.k_proj.weight", [4, 8], "blocks.0.attention.qkv.weight", 8),
            ("model.layers.0.self_attn.v_proj.weight", [4, 8], "blocks.0.attention.qkv.weight", 12),
            ("model.layers.0.self_attn.o_proj.weight", [8, 8], "blocks.0.attention.output.weight", 0),
            ("model.layers.0.post_attention_layernorm.weight", [8], "blocks.0.mlpNorm.weight", 0),
            ("model.layers.0.mlp.gate_proj.weight", [5, 8], "blocks.0.mlp.expand.weight", 0),
            ("model.layers.0.mlp.up_proj.weight", [5, 8], "blocks.0.mlp.expand.weight", 5),
            ("model.layers.0.mlp.down_proj.weight", [8, 5], "blocks.0.mlp.project.weight", 0),
            ("model.norm.weight", [8], "finalNorm.weight", 0),
            ("lm_head.weight", [11, 8], "head.weight", 0),
        ];
        using var folder = new TemporaryFolder();
        using Gpt model = TinyGpt.WithWideWeights(config);
        Save(model, folder.In("w"));
        Dictionary<string, float[]> own = TinyGpt.Parameters(model);
        Dictionary<string, (long[] Shape, float[] Values)> file =
            SafeTensorsBytes.Read(folder.In("w")).ToDictionary(t => t.Name, t => (t.Shape, t.Values));
        Assert.Equal(expected.Select(t => t.Name).Order(), file.Keys.Order());
        foreach ((string name, long[] shape, string ownName, int firstRow) in expected)
        {
            Assert.Equal(shape, file[name].Shape);
            int first = shape.Length == 1 ? 0 : firstRow * (int)shape[1], count = file[name].Values.Length;
            Assert.Equal(own[ownName][first..(first + count)], file[name].Values);
        }
    }

    private static void Save(Gpt model, string path)
    {
        using FileStream stream = File.Create(path);
        ModelWeights.Save(stream, model);
    }
}
