using TorchLm.Core.Model;
using TorchLm.Core.Optimization;

namespace TorchLm.Tests.Optimization;

public class ParameterGroupsTests
{
    private static readonly string[] s_decayed =
    [
        "tokens.weight", "positions.weight",
        "blocks.0.attention.qkv.weight", "blocks.0.attention.output.weight", "blocks.0.mlp.expand.weight", "blocks.0.mlp.project.weight",
    ];

    private static readonly string[] s_gains = ["blocks.0.attentionNorm.weight", "blocks.0.mlpNorm.weight", "finalNorm.weight"];

    private static readonly string[] s_biases =
    [
        "blocks.0.attentionNorm.bias", "blocks.0.attention.qkv.bias", "blocks.0.attention.output.bias",
        "blocks.0.mlpNorm.bias", "blocks.0.mlp.expand.bias", "blocks.0.mlp.project.bias", "finalNorm.bias",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Matrices_decay_and_vectors_do_not(bool bias)
    {
        using var model = new Gpt(TinyGpt.Config with { LayerCount = 1, Bias = bias });
        (IReadOnlyList<NamedParameter> decayed, IReadOnlyList<NamedParameter> notDecayed) = ParameterGroups.Of(model);
        Assert.Equal(s_decayed.Order(), decayed.Select(p => p.Name).Order());
        Assert.Equal((bias ? s_gains.Concat(s_biases) : s_gains).Order(), notDecayed.Select(p => p.Name).Order());
    }
}
