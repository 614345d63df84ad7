using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Train.Presets;

namespace TorchLm.Tests.Configuration;

/// <summary>The configurations that come with the program.</summary>
public class PresetTests
{
    public static TheoryData<string> Names => [.. PresetFile.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_preset_is_valid_and_says_what_it_is_for(string name)
    {
        Parse(name);
        Assert.Contains("//", PresetFile.Read(name), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fables", "fables-modern")]
    [InlineData("gpt2-124m", "gpt2-124m-modern")]
    [InlineData("shakespeare-char-cpu", "shakespeare-modern-cpu")]
    public void A_modern_preset_has_the_shape_and_the_work_of_its_plain_one(string plainName, string modernName)
    {
        RunConfig plain = Parse(plainName), modern = Parse(modernName);
        Assert.Equal(Shape(plain.Model), Shape(modern.Model));
        Assert.Equal((plain.Data, plain.Training), (modern.Data, modern.Training));
        Assert.Equal(Parse("shakespeare-modern-cpu").Optimizer with { LearningRate = 0 }, modern.Optimizer with { LearningRate = 0 });
    }

    [Fact]
    public void The_small_llama_costs_about_what_the_fables_do()
    {
        RunConfig fables = Parse("fables"), llama = Parse("llama-tiny");
        Assert.Equal((ModelConfig.Llama, ModelConfig.Rope, ModelConfig.SwiGlu), (llama.Model.Family, llama.Model.Positions, llama.Model.Mlp));
        Assert.Equal(2, llama.Model.KeyValueHeads);
        Assert.Equal((fables.Data, fables.Training), (llama.Data, llama.Training));
        Assert.InRange(Cost(llama) / Cost(fables), 0.85, 1.15);
    }

    private static RunConfig Parse(string name) => RunConfig.Parse(PresetFile.Read(name), name);

    private static (int, int, int) Shape(ModelConfig model) => (model.LayerCount, model.EmbeddingSize, model.ContextLength);

    private static double Cost(RunConfig run) => ModelCost.TrainingFlopsPerToken(run.Model with { VocabularySize = run.Data.VocabularySize });
}
