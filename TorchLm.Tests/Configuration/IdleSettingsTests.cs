using TorchLm.Core.Configuration;
using TorchLm.Train.Presets;

namespace TorchLm.Tests.Configuration;

public class IdleSettingsTests
{
    [Theory]
    [InlineData("model.ropeBase has no effect: model.positions is learned.", "model.ropeBase=500")]
    [InlineData("model.ropeScale has no effect: model.positions is none.", "model.ropeScale=2", "model.positions=none")]
    [InlineData("model.qkNormScale has no effect: model.qkNorm is false.", "model.qkNormScale=1.2")]
    [InlineData("model.fullAttentionInterval has no effect: model.slidingWindow is 0.", "model.fullAttentionInterval=2")]
    [InlineData("model.gelu has no effect: model.mlp is relu2.", "model.gelu=exact", "model.mlp=relu2")]
    [InlineData("optimizer.minLearningRate has no effect: optimizer.schedule is constant.", "optimizer.minLearningRate=1e-9", "optimizer.schedule=constant")]
    [InlineData("optimizer.cautious has no effect: optimizer.weightDecay is 0.", "optimizer.cautious=true", "optimizer.weightDecay=0")]
    [InlineData("optimizer.muonLearningRate has no effect: optimizer.name is lion.", "optimizer.muonLearningRate=0.1", "optimizer.name=lion")]
    [InlineData("optimizer.muonMomentum has no effect: optimizer.name is adamw.", "optimizer.muonMomentum=0.9")]
    [InlineData("training.batchWarmupFactor has no effect: training.batchWarmupSteps is 0.", "training.batchWarmupFactor=8")]
    [InlineData("training.contextWarmupFactor has no effect: training.contextWarmupSteps is 0.", "training.contextWarmupFactor=8")]
    public void A_setting_that_changes_nothing_is_named(string sentence, params string[] settings) =>
        Assert.Equal(sentence, Assert.Single(IdleSettings.Of(RunConfig.Parse("{}", "test.json", settings))));

    [Fact]
    public void No_preset_has_any()
    {
        foreach (string name in PresetFile.Names) Assert.Empty(IdleSettings.Of(RunConfig.Parse(PresetFile.Read(name), name)));
        Assert.Empty(IdleSettings.Of(DepthRules.Configure(3)));
        Assert.Empty(IdleSettings.Of(new RunConfig()));
    }
}
