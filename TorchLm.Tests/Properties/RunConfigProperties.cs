using FsCheck;
using FsCheck.Fluent;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Properties;

public class RunConfigProperties
{
    private static Gen<double> Shares => Gen.Elements(0, double.Epsilon, 1e-9, 0.1, 1.0 / 3, 0.5, 0.999999999999, BitConverter.Int64BitsToDouble(0x3FEF_FFFF_FFFF_FFFF));

    private static Gen<string?> Paths => Gen.OneOf(Gen.Constant<string?>(null), Generators.Texts(30).Select(text => (string?)text));

    private static Gen<ModelConfig> Models =>
        from layers in Generators.Numbers(1, 10_000)
        from heads in Gen.Choose(1, 16)
        from width in Gen.Choose(1, 100)
        from context in Generators.Numbers(1, 1_000_000)
        from vocabulary in Generators.Numbers(0, 1_000_000)
        from multiple in Gen.Elements(1, 64, 1000)
        from dropout in Shares
        from bias in Gen.Elements(false, true)
        from gelu in Gen.Elements("tanh", "exact")
        select new ModelConfig
        {
            LayerCount = layers, HeadCount = heads, EmbeddingSize = heads * width, ContextLength = context, VocabularySize = vocabulary, VocabularyMultiple = multiple,
            Dropout = dropout, Bias = bias, Gelu = gelu,
        };

    private static Gen<OptimizerConfig> Optimizers =>
        from rate in Gen.Elements(0, 1e-300, 6e-4, 1.0 / 3, 100)
        from share in Gen.Elements(0, 0.1, 1)
        from warmup in Generators.Numbers(0, int.MaxValue)
        from schedule in Gen.Elements("cosine", "linear", "constant", "wsd", "inverse-sqrt")
        from name in Gen.Elements("adamw", "lion", "sgd")
        from decay in Shares
        from betas in Shares.Two()
        from epsilon in Gen.Elements(double.Epsilon, 1e-8, 1)
        from clip in Gen.Elements(0, 1, double.MaxValue)
        select new OptimizerConfig
        {
            Name = name, LearningRate = rate, MinLearningRate = rate * share, WarmupSteps = warmup, Schedule = schedule, WeightDecay = decay, Beta1 = betas.Item1, Beta2 = betas.Item2,
            Epsilon = epsilon, GradientClip = clip,
        };

    private static Gen<TrainingConfig> Trainings =>
        from counts in Generators.Numbers(1, int.MaxValue).ArrayOf(8)
        from batch in Gen.Choose(1, 2000)
        from seed in Gen.Elements(0, 1337, long.MaxValue)
        from precision in Gen.Elements("auto", "fp32", "tf32", "bf16", "fp16")
        from initial in Paths
        select new TrainingConfig
        {
            Steps = counts[0], BatchSize = batch, GradientAccumulationSteps = counts[1], ActivationCheckpointing = batch % 2 == 0, EvalInterval = counts[2],
            EvalBatches = counts[3], SaveInterval = counts[4], KeepCheckpoints = counts[5], LogInterval = counts[6], Patience = counts[7], Seed = seed, Precision = precision,
            InitFrom = initial,
        };

    private static Gen<RunConfig> Runs =>
        from model in Models
        from optimizer in Optimizers
        from training in Trainings
        from path in Paths
        from tokenizer in Generators.Texts(20)
        from ids in Generators.Numbers(257, int.MaxValue)
        from fraction in Shares
        select new RunConfig
        {
            Model = model, Optimizer = optimizer, Training = training,
            Data = new DataConfig { Path = path, Tokenizer = tokenizer + "x", VocabularySize = ids, ValidationFraction = Math.Max(fraction, double.Epsilon) },
        };

    [Fact]
    public void A_configuration_comes_back() => PropertyCheck.Holds(Runs, config => Assert.Equal(config, RunConfig.Parse(config.ToJson(), "config.json")));

    [Fact]
    public void A_setting_means_what_the_same_field_in_the_file_means() => PropertyCheck.Holds(
        from rate in Gen.Elements(1e-300, 6e-4, 1.0 / 3, 100)
        from steps in Generators.Numbers(1, int.MaxValue)
        from path in Generators.Texts(30).Where(text => text.Trim() is not ("" or "null"))
        select (rate, steps, path: path.Trim()),
        c => Assert.Equal(
            new RunConfig
            {
                Optimizer = new OptimizerConfig { LearningRate = c.rate, MinLearningRate = 0 }, Training = new TrainingConfig { Steps = c.steps },
                Data = new DataConfig { Path = c.path },
            },
            RunConfig.Parse("{}", "config.json", [
                FormattableString.Invariant($"optimizer.learningRate={c.rate:R}"), "optimizer.minLearningRate=0", $"training.steps={c.steps}", $"data.path={c.path}",
            ])));
}
