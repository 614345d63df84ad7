using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Configuration;

public class RunConfigTests
{
    [Fact]
    public void Comments_trailing_commas_and_missing_fields_are_fine()
    {
        RunConfig config = Parse("""
            {
              // a line
              "model": { "layerCount": 3, /* in between */ "gelu": "exact", },
              "training": { "steps": 7, },
            }
            """);
        Assert.Equal(new RunConfig { Model = new ModelConfig { LayerCount = 3, Gelu = "exact" }, Training = new TrainingConfig { Steps = 7 } }, config);
        Assert.Equal(new RunConfig(), Parse("{}"));
    }

    [Fact]
    public void What_is_written_is_read_back_the_same()
    {
        var config = new RunConfig
        {
            Model = new ModelConfig
            {
                LayerCount = 3, HeadCount = 6, EmbeddingSize = 36, ContextLength = 18, VocabularySize = 99, VocabularyMultiple = 64, Dropout = 0.1, Bias = true,
                Gelu = "exact", KeyValueHeadCount = 2, Positions = "rope", RopeBase = 500, RopeScale = 2, Norm = "rmsnorm", NormGain = false, NormEpsilon = 1e-6,
                NormPlacement = "post", EmbeddingNorm = true, Mlp = "swiglu", MlpSize = 48, QkNorm = true, QkNormScale = 1.2, SlidingWindow = 8,
                FullAttentionInterval = 2, ConvolutionWidth = 3, EmbeddingShortcuts = true, ValueEmbeddings = true, TiedHead = false, LogitSoftCap = 15, InitialDeviation = 0.05,
                ZeroInitProjections = true, BaseWidth = 12,
            },
            Data = new DataConfig { Path = "C:\\texts & <more>/größe", Tokenizer = "bpe", VocabularySize = 300, ValidationFraction = 1.0 / 3, BuiltInBytes = 20_000 },
            Optimizer = new OptimizerConfig
            {
                LearningRate = 6e-4, MinLearningRate = 6e-5, WarmupSteps = 3, Schedule = "constant", WeightDecay = 0.2, Beta1 = 0.5, Beta2 = 0.75,
                Epsilon = 1e-6, GradientClip = 0, DecayFraction = 0.1, Cautious = true, Momentum = 0.8, MuonLearningRate = 0.03, MuonMomentum = 0.9,
                MuonMomentumWarmupSteps = 20, NewtonSchulzSteps = 3, AverageDecay = 0.999, EmbeddingRateFactor = 2, HeadRateFactor = 3, VectorRateFactor = 4,
            },
            Training = new TrainingConfig
            {
                Steps = 1, BatchSize = 2, GradientAccumulationSteps = 4, BatchWarmupSteps = 5, BatchWarmupFactor = 8, ContextWarmupSteps = 6,
                ContextWarmupFactor = 2, ActivationCheckpointing = true, EvalInterval = 4, EvalBatches = 5, SaveInterval = 6,
                KeepCheckpoints = 7, LogInterval = 8, Patience = 9, SkipLimit = 4, OnDivergence = "stop", SpikeThreshold = 3.5, StragglerFactor = 2, ShardOptimizer = true, OnSaveFailure = "stop",
                Precision = "bf16", ZLoss = 1e-4, Seed = 10_000_000_000, InitFrom = "runs/größe", LayerNorms = true,
            },
        };
        // No field is left at its default, so that one that is not written would show.
        foreach ((object section, object standard) in new (object, object)[]
        {
            (config.Model, new ModelConfig()), (config.Data, new DataConfig()), (config.Optimizer, new OptimizerConfig()), (config.Training, new TrainingConfig()),
        })
        {
            Assert.All(section.GetType().GetProperties().Where(p => p.CanWrite && p.Name is not ("Family" or "Name")),
                p => Assert.NotEqual(p.GetValue(standard), p.GetValue(section)));
        }
        Assert.Equal(config, Parse(config.ToJson()));
        Assert.Equal(new RunConfig(), Parse(new RunConfig().ToJson()));
    }

    [Fact]
    public void Every_field_is_written_under_its_documented_name()
    {
        JsonObject json = JsonNode.Parse(new RunConfig().ToJson())!.AsObject();
        Assert.Equal(["model", "data", "optimizer", "training"], json.Select(s => s.Key));
        string[] names = [.. json.SelectMany(s => s.Value!.AsObject().Select(f => $"{s.Key}.{f.Key}"))];
        string[] documented =
        [
            "model.family", "model.layerCount", "model.headCount", "model.embeddingSize", "model.contextLength", "model.dropout", "model.bias", "model.gelu",
            "data.path", "data.tokenizer", "optimizer.name", "optimizer.learningRate", "optimizer.minLearningRate", "optimizer.warmupSteps",
            "optimizer.schedule", "optimizer.weightDecay", "optimizer.beta1", "optimizer.beta2", "optimizer.gradientClip", "training.steps",
            "training.batchSize", "training.gradientAccumulationSteps", "training.activationCheckpointing", "training.evalInterval",
            "training.evalBatches", "training.saveInterval", "training.patience", "training.seed",
        ];
        Assert.Empty(documented.Except(names));
        Assert.Equal(ConfigSetting.Names.Order(), names.Order());
    }

    [Theory]
    [InlineData("""{"model":{"layercount":3}}""", "model.layercount", "model.layerCount")]
    [InlineData("""{"model":{"layers":3}}""", "model.layers", "model.layerCount")]
    [InlineData("""{"training":{"step":3}}""", "training.step", "training.steps")]
    [InlineData("""{"optimizer":{"lerningRate":3}}""", "optimizer.lerningRate", "optimizer.learningRate")]
    [InlineData("""{"model":{"paddedVocabularySize":64}}""", "model.paddedVocabularySize", "model.vocabularySize")]
    public void An_unknown_name_is_answered_with_the_nearest(string json, string name, string nearest) =>
        Assert.Equal($"test.json: there is no setting '{name}'; did you mean {nearest}?", Refusal(json));

    [Theory]
    [InlineData("""{"model":{"layerCount":"three"}}""", "test.json: model.layerCount must be a whole number.")]
    [InlineData("""{"model":{"layerCount":2.5}}""", "test.json: model.layerCount must be a whole number.")]
    [InlineData("""{"model":{"layerCount":null}}""", "test.json: model.layerCount must be a whole number.")]
    [InlineData("""{"model":{"layerCount":3000000000}}""", "test.json: model.layerCount must be a whole number.")]
    [InlineData("""{"model":{"bias":1}}""", "test.json: model.bias must be true or false.")]
    [InlineData("""{"model":{"gelu":{}}}""", "test.json: model.gelu must be a text.")]
    [InlineData("""{"training":{"activationCheckpointing":1}}""", "test.json: training.activationCheckpointing must be true or false.")]
    [InlineData("""{"optimizer":{"beta1":"x"}}""", "test.json: optimizer.beta1 must be a number.")]
    [InlineData("""{"training":{"seed":[1]}}""", "test.json: training.seed must be a whole number.")]
    [InlineData("""{"model":3}""", "test.json: model must be an object.")]
    [InlineData("""{"data":[]}""", "test.json: data must be an object.")]
    public void A_value_of_the_wrong_type_is_named_with_the_right_one(string json, string sentence) => Assert.Equal(sentence, Refusal(json));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("3")]
    [InlineData("{} {}")]
    [InlineData("""{"model": nonsense}""")]
    public void What_is_no_configuration_is_said(string json) => Assert.Contains("test.json", Refusal(json), StringComparison.Ordinal);

    [Fact]
    public void A_syntax_error_is_said_with_its_line() =>
        Assert.StartsWith("test.json is not valid JSON at line 3, ", Refusal("{\n\"model\": {},\n\"data\": }"), StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_refused() =>
        Assert.Contains("test.json", Refusal("{\"model\":" + new string('[', 100_000)), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"model":{},"model":{"layerCount":3}}""")]
    [InlineData("""{"model":{"layerCount":2,"layerCount":3}}""")]
    public void A_name_that_stands_twice_is_refused(string json)
    {
        Assert.Contains("test.json", Refusal(json), StringComparison.Ordinal);
        Assert.Throws<InputException>(() => Parse(json, "model.headCount=2"));
    }

    [Theory]
    [InlineData("modle", "model")]
    [InlineData("train", "training")]
    public void An_unknown_section_is_answered_with_a_section(string name, string nearest) =>
        Assert.StartsWith($"test.json: there is no setting '{name}'; did you mean {nearest}", Refusal($"{{\"{name}\":{{}}}}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"model":null}""")]
    [InlineData("""{"training":null}""")]
    public void A_section_that_is_null_is_refused(string json) =>
        Assert.Contains("model, data, optimizer and training must each be an object or be left out", Refusal(json), StringComparison.Ordinal);

    private static RunConfig Parse(string json, params string[] settings) => RunConfig.Parse(json, "test.json", settings);

    private static string Refusal(string json)
    {
        string sentence = Assert.Throws<InputException>(() => Parse(json)).Message;
        Assert.DoesNotContain('\n', sentence);
        return sentence;
    }
}
