using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Model;

public class ModelCostTests
{
    public static TheoryData<ModelConfig> Configs() =>
    [
        TinyGpt.Config,
        TinyGpt.Config with { Bias = true },
        TinyGpt.Config with { LayerCount = 1, HeadCount = 1, EmbeddingSize = 5, ContextLength = 3 },
        TinyGpt.Config with { VocabularyMultiple = 64, Bias = true },
    ];

    [Theory]
    [MemberData(nameof(Configs))]
    public void Parameters_are_the_numbers_in_the_model_without_padding(ModelConfig config)
    {
        using var model = new Gpt(config);
        long padding = (long)(config.PaddedVocabularySize - config.VocabularySize) * config.EmbeddingSize;
        Assert.Equal(model.parameters().Sum(p => p.numel()) - padding, ModelCost.Parameters(config));
    }

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void So_they_are_with_every_option(string option)
    {
        foreach (int multiple in (int[])[1, 64])
        {
            ModelConfig config = ModelOptions.All[option] with { VocabularyMultiple = multiple };
            using var model = new Gpt(config);
            Assert.Equal(TinyGpt.Count(model), ModelCost.Parameters(config));
        }
    }

    /// <summary>Llama 2 7B, as Hugging Face counts it, and TinyLlama 1.1B, which has four heads of keys.</summary>
    [Fact]
    public void Llamas_have_the_parameters_that_are_published()
    {
        var llama = new ModelConfig
        {
            Family = "llama", LayerCount = 32, HeadCount = 32, EmbeddingSize = 4096, ContextLength = 4096, VocabularySize = 32000, Positions = "rope",
            Norm = "rmsnorm", Mlp = "swiglu", MlpSize = 11008, TiedHead = false,
        };
        Assert.Equal(6_738_415_616, ModelCost.Parameters(llama));
        Assert.Equal(1_100_048_384,
            ModelCost.Parameters(llama with { LayerCount = 22, EmbeddingSize = 2048, MlpSize = 5632, KeyValueHeadCount = 4 }));
    }

    /// <summary>The figure that Hugging Face and nanoGPT print for GPT-2's smallest model.</summary>
    [Fact]
    public void GPT_2_has_124_million_parameters()
    {
        var gpt2 = new ModelConfig
        {
            LayerCount = 12, HeadCount = 12, EmbeddingSize = 768, ContextLength = 1024, VocabularySize = 50257, VocabularyMultiple = 64, Bias = true,
        };
        Assert.Equal(124_439_808, ModelCost.Parameters(gpt2));
        // 6·(124,439,808 - 1024·768) + 12·12·768·1024, worked out by hand
        Assert.Equal(855_166_464, ModelCost.TrainingFlopsPerToken(gpt2), 0.5);
    }
}
