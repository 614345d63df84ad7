using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Configuration;

/// <summary>What goes together in an architecture, and what follows from it.</summary>
public class ArchitectureTests
{
    private static readonly ModelConfig s_config = TinyGpt.Config with { HeadCount = 4, EmbeddingSize = 24 };

    public static TheoryData<ModelConfig, string> Impossible => new()
    {
        { s_config with { KeyValueHeadCount = 3 }, "model.keyValueHeadCount is 3, but it must divide model.headCount (4)" },
        { s_config with { KeyValueHeadCount = 8 }, "model.keyValueHeadCount is 8, but it must divide model.headCount (4)" },
        { s_config with { HeadCount = 8, Positions = "rope" }, "rotary positions turn pairs of channels, and a head has 3" },
        { s_config with { HeadCount = 1, EmbeddingSize = 5, Positions = "sinusoidal" }, "and model.embeddingSize is 5" },
        { s_config with { EmbeddingSize = 1 << 15, MlpSize = 1 << 15, Mlp = "swiglu" }, "the width of the MLP (32768), twice, it must stay" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void What_is_impossible_is_refused_with_its_reason(ModelConfig config, string reason) =>
        Assert.Contains(reason, Assert.Throws<InputException>(() => config.Validate()).Message, StringComparison.Ordinal);

    /// <summary>8/3 of 768 is 2048; of 100, 266.7, and the next multiple of 32 is 288; Llama 7B's 11008 is said, because it rounds to 256.</summary>
    [Theory]
    [InlineData("gelu", 768, 0, 3072)]
    [InlineData("relu2", 768, 0, 3072)]
    [InlineData("swiglu", 768, 0, 2048)]
    [InlineData("swiglu", 100, 0, 288)]
    [InlineData("swiglu", 4096, 11008, 11008)]
    [InlineData("gelu", 768, 1000, 1000)]
    public void An_mlps_size_follows_from_its_kind_where_it_is_not_said(string mlp, int channels, int given, int expected) =>
        Assert.Equal(expected, (s_config with { Mlp = mlp, EmbeddingSize = channels, MlpSize = given }).MlpWidth);

    [Fact]
    public void Of_windowed_blocks_each_so_many_th_and_the_last_see_everything()
    {
        ModelConfig config = s_config with { LayerCount = 8, SlidingWindow = 5 };
        Assert.Equal([5, 5, 5, 5, 5, 5, 5, 5], Windows(config));
        Assert.Equal([5, 5, null, 5, 5, null, 5, null], Windows(config with { FullAttentionInterval = 3 }));
        Assert.Equal([null, null, null, null, null, null, null, null], Windows(config with { FullAttentionInterval = 1 }));
        Assert.Equal([null, null, null, null, null, null, null, null], Windows(config with { SlidingWindow = 0, FullAttentionInterval = 3 }));

        static int?[] Windows(ModelConfig config) => [.. Enumerable.Range(0, config.LayerCount).Select(config.WindowOf)];
    }
}
