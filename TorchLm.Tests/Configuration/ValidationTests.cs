using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Configuration;

public class ValidationTests
{
    [Theory]
    [InlineData("model.family=mamba", "model.family is 'mamba', but it must be one of gpt2, llama.")]
    [InlineData("model.layerCount=0", "model.layerCount is 0, but it must be at least 1.")]
    [InlineData("model.headCount=0", "model.headCount is 0, but it must be at least 1.")]
    [InlineData("model.embeddingSize=-4", "model.embeddingSize is -4, but it must be at least 1.")]
    [InlineData("model.embeddingSize=130", "model.embeddingSize is 130, but it must be divisible by model.headCount (4).")]
    [InlineData("model.contextLength=0", "model.contextLength is 0, but it must be at least 1.")]
    [InlineData("model.vocabularySize=-1", "model.vocabularySize is -1, but it must be at least 0.")]
    [InlineData("model.vocabularyMultiple=0", "model.vocabularyMultiple is 0, but it must be at least 1.")]
    [InlineData("model.dropout=1", "model.dropout is 1, but it must be at least 0 and below 1.")]
    [InlineData("model.dropout=-0.1", "model.dropout is -0.1, but it must be at least 0 and below 1.")]
    [InlineData("model.gelu=relu", "model.gelu is 'relu', but it must be one of tanh, exact.")]
    [InlineData("model.gelu=null", "model.gelu is null, but it must be one of tanh, exact.")]
    [InlineData("model.vocabularySize=20000000", "model.embeddingSize is 128, but times the vocabulary (20000000) it must stay below 2^31.")]
    [InlineData("data.tokenizer=", "data.tokenizer is '', but it must name a tokenizer.")]
    [InlineData("data.vocabularySize=256", "data.vocabularySize is 256, but it must be at least 257.")]
    [InlineData("data.validationFraction=0", "data.validationFraction is 0, but it must be above 0 and below 1.")]
    [InlineData("data.validationFraction=1", "data.validationFraction is 1, but it must be above 0 and below 1.")]
    [InlineData("optimizer.name=adam", "optimizer.name is 'adam', but it must be one of adamw, muon, lion, sgd. Did you mean adamw?")]
    [InlineData("optimizer.learningRate=-1", "optimizer.learningRate is -1, but it must be at least 0 and at most 100.")]
    [InlineData("optimizer.learningRate=101", "optimizer.learningRate is 101, but it must be at least 0 and at most 100.")]
    [InlineData("optimizer.minLearningRate=0.01", "optimizer.minLearningRate is 0.01, but it must be at least 0 and at most 0.001.")]
    [InlineData("optimizer.minLearningRate=-1", "optimizer.minLearningRate is -1, but it must be at least 0 and at most 0.001.")]
    [InlineData("optimizer.warmupSteps=-1", "optimizer.warmupSteps is -1, but it must be at least 0.")]
    [InlineData("optimizer.schedule=step", "optimizer.schedule is 'step', but it must be one of cosine, linear, constant, wsd, inverse-sqrt.")]
    [InlineData("optimizer.weightDecay=-0.1", "optimizer.weightDecay is -0.1, but it must be at least 0 and at most 100.")]
    [InlineData("optimizer.beta1=1", "optimizer.beta1 is 1, but it must be at least 0 and below 1.")]
    [InlineData("optimizer.beta2=1", "optimizer.beta2 is 1, but it must be at least 0 and below 1.")]
    [InlineData("optimizer.epsilon=0", "optimizer.epsilon is 0, but it must be above 0 and at most 1.")]
    [InlineData("optimizer.decayFraction=1.5", "optimizer.decayFraction is 1.5, but it must be at least 0 and at most 1.")]
    [InlineData("optimizer.momentum=1", "optimizer.momentum is 1, but it must be at least 0 and below 1.")]
    [InlineData("optimizer.muonMomentum=1", "optimizer.muonMomentum is 1, but it must be at least 0 and below 1.")]
    [InlineData("optimizer.newtonSchulzSteps=7", "optimizer.newtonSchulzSteps is 7, but it must be at most 6.")]
    [InlineData("optimizer.averageDecay=1", "optimizer.averageDecay is 1, but it must be at least 0 and below 1.")]
    [InlineData("training.steps=0", "training.steps is 0, but it must be at least 1.")]
    [InlineData("training.batchSize=0", "training.batchSize is 0, but it must be at least 1.")]
    [InlineData("training.gradientAccumulationSteps=0", "training.gradientAccumulationSteps is 0, but it must be at least 1.")]
    [InlineData("training.evalInterval=0", "training.evalInterval is 0, but it must be at least 1.")]
    [InlineData("training.evalBatches=-1", "training.evalBatches is -1, but it must be at least 0.")]
    [InlineData("training.saveInterval=-1", "training.saveInterval is -1, but it must be at least 0.")]
    [InlineData("training.keepCheckpoints=0", "training.keepCheckpoints is 0, but it must be at least 1.")]
    [InlineData("training.logInterval=0", "training.logInterval is 0, but it must be at least 1.")]
    [InlineData("training.patience=-1", "training.patience is -1, but it must be at least 0.")]
    [InlineData("training.seed=-1", "training.seed is -1, but it must be at least 0.")]
    public void A_broken_rule_is_said_with_field_value_and_rule(string setting, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test.json", [setting])).Message);

    [Theory]
    [InlineData("optimizer.cautious is True, but only adamw and muon have it, and optimizer.name is lion.", "optimizer.name=lion", "optimizer.cautious=true")]
    [InlineData("optimizer.learningRate is 0, but with muon it must be above 0, for Muon's own rate follows it.", "optimizer.name=muon", "optimizer.learningRate=0",
        "optimizer.minLearningRate=0")]
    public void Settings_that_do_not_go_together_are_refused(string sentence, params string[] settings) =>
        Assert.Equal(sentence, Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test.json", settings)).Message);

    [Theory]
    [InlineData("optimizer.gradientClip=-1", "optimizer.gradientClip is -1, but it must be at least 0")]
    [InlineData("optimizer.gradientClip=1e999", "optimizer.gradientClip is Infinity, but it must be at least 0")]
    public void A_clip_must_be_a_finite_size(string setting, string beginning) =>
        Assert.StartsWith(beginning, Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test.json", [setting])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("model.dropout=0")]
    [InlineData("model.embeddingSize=4")]
    [InlineData("model.vocabularySize=0")]
    [InlineData("optimizer.learningRate=100")]
    [InlineData("optimizer.minLearningRate=0.001")]
    [InlineData("optimizer.minLearningRate=0")]
    [InlineData("optimizer.gradientClip=0")]
    [InlineData("optimizer.beta1=0")]
    [InlineData("optimizer.epsilon=1")]
    [InlineData("training.evalBatches=0")]
    [InlineData("training.saveInterval=0")]
    [InlineData("data.vocabularySize=257")]
    public void Values_at_their_limits_are_possible(string setting) => RunConfig.Parse("{}", "test.json", [setting]);

    [Fact]
    public void A_model_needs_a_vocabulary_though_a_configuration_may_leave_it_open()
    {
        new ModelConfig().Validate(vocabularyKnown: false);
        Assert.Equal("model.vocabularySize is 0, but it must be at least 1.", Assert.Throws<InputException>(() => new ModelConfig().Validate()).Message);
        Assert.Throws<InputException>(() => new TorchLm.Core.Model.Gpt(new ModelConfig()));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_no_number_breaks_every_range(double value)
    {
        Assert.Throws<InputException>(() => new ModelConfig { VocabularySize = 9, Dropout = value }.Validate());
        Assert.Throws<InputException>(new DataConfig { ValidationFraction = value }.Validate);
        OptimizerConfig standard = new();
        foreach (OptimizerConfig config in new[]
        {
            standard with { LearningRate = value }, standard with { MinLearningRate = value }, standard with { WeightDecay = value },
            standard with { Beta1 = value }, standard with { Beta2 = value }, standard with { Epsilon = value }, standard with { GradientClip = value },
        })
        {
            Assert.Throws<InputException>(config.Validate);
        }
    }

    [Theory]
    [InlineData(50257, 64, 50304)]
    [InlineData(64, 64, 64)]
    [InlineData(65, 64, 128)]
    [InlineData(11, 1, 11)]
    public void The_vocabulary_is_padded_to_the_next_multiple(int size, int multiple, int padded) =>
        Assert.Equal(padded, new ModelConfig { VocabularySize = size, VocabularyMultiple = multiple }.PaddedVocabularySize);
}
