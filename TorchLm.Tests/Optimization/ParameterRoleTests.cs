using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Optimization;

public class ParameterRoleTests
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
        ILookup<bool, string> decays = NamedParameter.Of(model, (_, _) => 1).ToLookup(p => p.Decays, p => p.Name);
        Assert.Equal(s_decayed.Order(), decays[true].Order());
        Assert.Equal((bias ? s_gains.Concat(s_biases) : s_gains).Order(), decays[false].Order());
    }

    [Fact]
    public void Each_parameter_of_a_model_has_its_role()
    {
        using var model = new Gpt(TinyGpt.Config with { LayerCount = 1, Bias = true });
        ILookup<ParameterRole, string> roles = NamedParameter.Of(model, (_, _) => 1).ToLookup(p => p.Role, p => p.Name);
        Assert.Equal(s_decayed[..2].Order(), roles[ParameterRole.Embedding].Order());
        Assert.Equal(s_decayed[2..].Order(), roles[ParameterRole.Matrix].Order());
        Assert.Equal(s_gains.Concat(s_biases).Order(), roles[ParameterRole.Vector].Order());
    }

    [Theory]
    [InlineData("head.weight", 2, ParameterRole.Head)]
    [InlineData("blocks.0.attention.values.embedding.weight", 2, ParameterRole.Embedding)]
    [InlineData("blocks.0.attentionConvolution.weight", 2, ParameterRole.Vector)]
    [InlineData("blocks.11.mlp.project.weight", 2, ParameterRole.Matrix)]
    [InlineData("blocks.0.attention.gate.weight", 2, ParameterRole.Vector)]
    [InlineData("mlp.expand.weight", 2, ParameterRole.Vector)]
    [InlineData("blocks.0.residualScale", 0, ParameterRole.Vector)]
    public void A_name_says_the_role(string name, int dimensions, ParameterRole role)
    {
        using Tensor value = zeros([.. Enumerable.Repeat(2L, dimensions)]);
        Assert.Equal(role, ParameterRoles.Of(name, value));
    }
}
