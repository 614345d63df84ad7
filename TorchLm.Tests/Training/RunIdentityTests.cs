using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class RunIdentityTests
{
    private static readonly RunConfig s_other = new()
    {
        Model = new ModelConfig { LayerCount = 2, VocabularySize = 11 },
        Optimizer = new OptimizerConfig { Schedule = "constant", WeightDecay = 0.2 },
        Training = new TrainingConfig { Precision = "fp32", Steps = 7 },
    };

    /// <summary>The hashes that the program gave these two when AdamW was its only optimiser.</summary>
    [Fact]
    public void Runs_from_before_there_was_a_choice_keep_their_identity()
    {
        Assert.Equal("505e57b25c892e31a24cb7009c8e9087624407778275b63ba6a1eae3a0cf7cc6", RunIdentity.HashOf(new RunConfig()));
        Assert.Equal("738e7d818ac946cb24df9ab952141493af07b2001571f1085f89786b6cccfc80", RunIdentity.HashOf(s_other));
    }

    [Theory]
    [InlineData("optimizer.name=muon")]
    [InlineData("optimizer.schedule=wsd")]
    [InlineData("optimizer.decayFraction=0.1")]
    [InlineData("optimizer.cautious=true")]
    [InlineData("optimizer.momentum=0.8")]
    [InlineData("optimizer.muonLearningRate=0.01")]
    [InlineData("optimizer.muonMomentum=0.9")]
    [InlineData("optimizer.muonMomentumWarmupSteps=100")]
    [InlineData("optimizer.newtonSchulzSteps=4")]
    [InlineData("optimizer.averageDecay=0.99")]
    [InlineData("optimizer.embeddingRateFactor=2")]
    [InlineData("optimizer.headRateFactor=2")]
    [InlineData("optimizer.vectorRateFactor=2")]
    [InlineData("model.positions=rope")]
    [InlineData("model.normEpsilon=1e-6")]
    [InlineData("model.tiedHead=false")]
    [InlineData("model.convolutionWidth=3")]
    [InlineData("training.zLoss=1e-4")]
    [InlineData("training.batchWarmupSteps=10")]
    [InlineData("training.batchWarmupFactor=2")]
    [InlineData("training.contextWarmupSteps=10")]
    [InlineData("training.contextWarmupFactor=2")]
    [InlineData("model.baseWidth=64")]
    public void Another_choice_is_another_run(string setting) =>
        Assert.NotEqual(RunIdentity.HashOf(new RunConfig()), RunIdentity.HashOf(RunConfig.Parse("{}", "test.json", [setting])));
}
