using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

public class WeightAverageTests
{
    private static readonly RunConfig s_config = TestRun.Config with
    {
        Optimizer = TestRun.Config.Optimizer with { AverageDecay = 0.9 },
        Training = TestRun.Config.Training with { Steps = 20, LogInterval = 5, SaveInterval = 6, EvalInterval = 7, SkipLimit = 3, KeepCheckpoints = 9 },
    };

    [Fact]
    public void The_average_forgets_as_its_rule_says()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        using var optimizer = new Optimizer(model, new OptimizerConfig { AverageDecay = 0.3 });
        Dictionary<string, double[]> expected = TinyGpt.Parameters(model).ToDictionary(p => p.Key, p => Array.ConvertAll(p.Value, v => (double)v));
        for (int update = 1; update <= 6; update++)
        {
            using Batch batch = RandomBatches.Make(update, 2, 8, 11);
            model.AccumulateGradients(batch.Inputs, batch.Targets).Dispose();
            optimizer.Step(0.05).Dispose();
            double decay = Math.Min(0.3, (1.0 + update) / (10.0 + update)); // 2/11, 3/12, 4/13 = 0.31, …
            foreach ((string name, float[] weights) in TinyGpt.Parameters(model))
            {
                for (int i = 0; i < weights.Length; i++) expected[name][i] = (decay * expected[name][i]) + ((1 - decay) * weights[i]);
            }
        }
        foreach ((string name, Tensor average) in optimizer.Average!.Values)
        {
            float[] actual = TinyGpt.Values(average);
            for (int i = 0; i < actual.Length; i++) Assert.Equal(expected[name][i], actual[i], 1e-6);
        }
    }

    [Fact]
    public void Evaluations_and_checkpoints_have_the_average_and_training_has_its_own_weights()
    {
        using TemporaryFolder plain = new(), averaged = new();
        RunConfig without = s_config with { Optimizer = s_config.Optimizer with { AverageDecay = 0 } };
        using TestRun one = new(plain.Path, without), other = new(averaged.Path, s_config);
        one.Run();
        other.Run();
        // What is trained is the same, and so are the losses of training; what is evaluated is not.
        Assert.Equal(one.Observer.Steps.Select(s => s.TrainLoss), other.Observer.Steps.Select(s => s.TrainLoss));
        Assert.Equal(one.Observer.Evaluations[0].Result.Loss, other.Observer.Evaluations[0].Result.Loss);
        Assert.NotEqual(one.Observer.Evaluations[^1].Result.Loss, other.Observer.Evaluations[^1].Result.Loss);

        using var saved = new Gpt(s_config.Model);
        using (var trained = new SafeTensorsReader(averaged.In("step-00000020", "optimizer.safetensors")))
        {
            foreach ((string name, float[] weights) in TinyGpt.Parameters(one.Model)) Assert.Equal(weights, TinyGpt.Values(trained.Read(name + ".trained")));
        }
        Checkpoint.Load(other.Folder.StepPath(20), saved);
        Assert.Equal(other.Observer.Evaluations[^1].Result.Loss, Evaluator.Evaluate(saved, ValidationBatches.Fixed).Loss);

        // Afterwards the model is what was saved.
        Assert.All(TinyGpt.Parameters(saved), p => Assert.Equal(p.Value, TinyGpt.Parameters(other.Model)[p.Key]));
    }

    [Fact]
    public void A_run_begins_to_average_and_ceases_to_where_it_is_resumed()
    {
        using TemporaryFolder plain = new(), changed = new();
        RunConfig without = s_config with { Optimizer = s_config.Optimizer with { AverageDecay = 0 } };
        TestRun.RunIn(plain.Path, without);
        foreach ((RunConfig config, int? stop) in new[] { (without, 5), (s_config, 11), (without, (int?)null) }) TestRun.RunIn(changed.Path, config, stop);
        Assert.Equal(File.ReadAllBytes(plain.In("step-00000020", "model.safetensors")), File.ReadAllBytes(changed.In("step-00000020", "model.safetensors")));
    }

    [Fact]
    public void A_rollback_goes_back_to_the_average_of_then()
    {
        using TemporaryFolder rolled = new(), plain = new();
        using (var run = new TestRun(rolled.Path, s_config, faults: "nan@7,nan@8,nan@9")) Assert.Equal(StopReason.Finished, run.Run());
        using (var run = new TestRun(plain.Path, s_config, stopAfter: 6)) run.Run();
        TrainingState half = Checkpoint.ReadState(plain.In("step-00000006")) with { LearningRateFactor = 0.5, Rollbacks = 1 };
        StateFile.Write(plain.In("step-00000006"), half, half.Checksums);
        using (var run = new TestRun(plain.Path, s_config)) Assert.Equal(StopReason.Finished, run.Run());
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(plain.In("step-00000020", file)), File.ReadAllBytes(rolled.In("step-00000020", file)));
        }
    }
}
