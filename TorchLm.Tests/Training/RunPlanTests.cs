using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class RunPlanTests
{
    private static readonly ModelConfig s_model = TinyGpt.Config;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_parts_of_a_model_add_up_to_a_real_one(bool bias)
    {
        ModelConfig shape = s_model with { Bias = bias };
        using var model = new Gpt(shape);
        RunPlan plan = Plan(new RunConfig { Model = shape });
        long padding = (model.parameters().Sum(p => p.numel()) - plan.Parameters) / shape.EmbeddingSize * shape.EmbeddingSize;
        Assert.Equal(model.parameters().Sum(p => p.numel()), plan.ParametersByPart.Sum(p => p.Count) + padding);
        Assert.Equal(plan.Parameters, plan.ParametersByPart.Sum(p => p.Count));
    }

    [Fact]
    public void The_parts_of_other_architectures_add_up_too()
    {
        ModelConfig modern = DepthRules.Configure(3).Model with { VocabularySize = 640 };
        ModelConfig llama = new() { KeyValueHeadCount = 2, Positions = "rope", Norm = "rmsnorm", Mlp = "swiglu", VocabularySize = 100 };
        ModelConfig all = modern with { ValueEmbeddings = true, EmbeddingShortcuts = true, NormGain = true, NormPlacement = "post", Bias = true };
        string[] parts = ["token embedding", "output head", "attention", "MLP", "convolutions"];
        foreach (ModelConfig shape in new[] { modern, llama, all })
        {
            RunPlan plan = Plan(new RunConfig { Model = shape });
            Assert.Equal(plan.Parameters, plan.ParametersByPart.Sum(p => p.Count));
        }
        Assert.Equal(parts, Plan(new RunConfig { Model = modern }).ParametersByPart.Select(p => p.Part));
    }

    [Fact]
    public void GPT_2_has_its_published_parameters_and_their_optimal_tokens()
    {
        var gpt2 = new ModelConfig { LayerCount = 12, HeadCount = 12, EmbeddingSize = 768, ContextLength = 1024, VocabularySize = 50257, Bias = true };
        RunPlan plan = Plan(new RunConfig { Model = gpt2 });
        Assert.Equal(124_439_808, plan.Parameters);
        Assert.Equal(38_597_376, plan.ParametersByPart[0].Count);
        Assert.Equal(124_439_808 * 12L, plan.CheckpointBytes);
    }

    [Fact]
    public void Time_disk_and_epochs_follow_from_the_configuration()
    {
        var config = new RunConfig
        {
            Model = s_model with { ContextLength = 10 },
            Training = new TrainingConfig { Steps = 1000, BatchSize = 4, GradientAccumulationSteps = 3, EvalInterval = 300, EvalBatches = 6, KeepCheckpoints = 2 },
        };
        RunPlan plan = Plan(config) with { DataTokens = 40_000, TokensPerSecond = 500 };
        Assert.Equal(120, plan.BatchTokens);
        Assert.Equal(120_000, plan.Tokens);
        Assert.Equal(3, plan.Epochs);
        Assert.Equal(240, plan.StepSeconds);
        Assert.Equal(5 * 6 * 4 * 10 / 1500.0, plan.EvaluationSeconds!.Value, 1e-12); // at 0, 300, 600, 900 and 1000
        Assert.Equal(4 * plan.CheckpointBytes, plan.DiskBytes);
        Assert.Equal([1, 2, 3, 4, 6, 12], plan.MicroBatches);
        Assert.Null((plan with { Config = config with { Training = config.Training with { EvalBatches = 0 } } }).EvaluationSeconds);
    }

    [Fact]
    public void Many_ways_to_cut_a_batch_are_shown_in_part_with_the_configured_one()
    {
        RunPlan plan = Plan(new RunConfig { Model = s_model, Training = new TrainingConfig { BatchSize = 48, GradientAccumulationSteps = 15 } });
        Assert.Contains(48, plan.MicroBatches);
        Assert.Equal((1, 720), (plan.MicroBatches[0], plan.MicroBatches[^1]));
        Assert.InRange(plan.MicroBatches.Count, 5, 10);
        Assert.Equal(plan.MicroBatches.Order(), plan.MicroBatches);
    }

    [Fact]
    public void What_is_unwise_is_said_with_what_to_do()
    {
        var wise = new RunConfig { Model = s_model, Training = new TrainingConfig { Steps = 10_000, BatchSize = 64 } };
        RunPlan plan = Plan(wise) with { DataTokens = 10_000_000 };
        Assert.Empty(plan.Warnings());
        Assert.Contains("use more text", Assert.Single((plan with { DataTokens = 1_000_000 }).Warnings()), StringComparison.Ordinal);
        Assert.Contains("mostly noise", Assert.Single((plan with { Config = wise with { Training = wise.Training with { BatchSize = 1, Steps = 500_000 } } }).Warnings()), StringComparison.Ordinal);
        Assert.Contains("tokens a parameter", Assert.Single((plan with { Config = wise with { Training = wise.Training with { Steps = 10 } } }).Warnings()), StringComparison.Ordinal);
        long half = (plan.Memory(64).Total + plan.Memory(16).Total) / 2;
        Assert.Contains("--micro-batch 32", Assert.Single((plan with { FreeBytes = half }).Warnings()), StringComparison.Ordinal);
        Assert.Contains("too large for this device", Assert.Single((plan with { FreeBytes = 1 << 20 }).Warnings()), StringComparison.Ordinal);
    }

    [Fact]
    public void Recomputed_blocks_and_two_byte_types_take_less_memory_and_a_card_has_no_copy_of_the_weights()
    {
        var shape = new ModelConfig { LayerCount = 12, HeadCount = 12, EmbeddingSize = 768, ContextLength = 1024, VocabularySize = 50257 };
        TrainingMemory whole = TrainingMemory.Of(shape, 8, Precision.Float32, checkpointing: false, onCpu: true);
        Assert.True(TrainingMemory.Of(shape, 8, Precision.Float32, checkpointing: true, onCpu: true).Activations < whole.Activations / 2);
        Assert.True(TrainingMemory.Of(shape, 8, Precision.BFloat16, checkpointing: false, onCpu: true).Activations < 0.7 * whole.Activations);
        Assert.Equal(0, TrainingMemory.Of(shape, 8, Precision.BFloat16, checkpointing: false, onCpu: false).Program);
        Assert.Equal(whole.Total, whole.Weights + whole.Gradients + whole.Moments + whole.Activations + whole.Program);
    }

    [Fact]
    public void What_the_options_of_the_architecture_keep_is_counted()
    {
        var shape = new ModelConfig { LayerCount = 12, HeadCount = 12, EmbeddingSize = 768, ContextLength = 1024, VocabularySize = 50257, VocabularyMultiple = 64 };
        const long InBlocks = 12 * 8 * 1024 * 768L; // one number a channel, in all blocks
        TrainingMemory plain = OnGpu(shape);
        Assert.Equal(4 * 2 * InBlocks, More(shape with { QkNorm = true }));                     // queries and keys in float32
        Assert.Equal(4 * 6 * InBlocks, More(shape with { ConvolutionWidth = 3 }));              // three places in two convolutions
        Assert.Equal(4 * InBlocks, More(shape with { EmbeddingShortcuts = true }));
        Assert.Equal(-2 * InBlocks * 4 / 3, More(shape with { KeyValueHeadCount = 4 }));                  // of 12 for keys and for values
        Assert.Equal(0, More(shape with { Mlp = "swiglu", MlpSize = 2048 }));                   // 3 x 2048 in place of 2 x 3072
        Assert.True(TrainingMemory.Of(shape with { QkNorm = true, ConvolutionWidth = 3 }, 8, Precision.BFloat16, false, onCpu: true).Activations
            > TrainingMemory.Of(shape, 8, Precision.BFloat16, false, onCpu: true).Activations + (2 * 5 * InBlocks));
        long table = 6L * 768 * 50304; // float32 and its copy in bf16
        Assert.Equal(table, OnGpu(shape with { TiedHead = false }).Weights - plain.Weights);

        var averaged = TrainingMemory.Of(shape, 8, Precision.BFloat16, false, false, new OptimizerConfig { AverageDecay = 0.99 });
        Assert.Equal(plain.TotalWithShardedMoments(4) + averaged.Average, averaged.TotalWithShardedMoments(4)); // each rank has it whole

        static TrainingMemory OnGpu(ModelConfig shape) => TrainingMemory.Of(shape, 8, Precision.BFloat16, checkpointing: false, onCpu: false);
        long More(ModelConfig other) => OnGpu(other).Activations - plain.Activations;
    }

    private static RunPlan Plan(RunConfig config) => new(config, Precision.Float32, OnCpu: true, FreeBytes: 1L << 40, DataTokens: 1 << 30, TokensPerSecond: 1000);
}
