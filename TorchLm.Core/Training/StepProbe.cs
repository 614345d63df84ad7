using System.Diagnostics;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>How fast real steps of a model are, found by making some for about three seconds, at least two.</summary>
public static class StepProbe
{
    private const int Steps = 64;

    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(2.5);

    /// <summary>Measures.</summary>
    /// <param name="shape">The model, its vocabulary known.</param>
    /// <param name="training">Whether activations are kept.</param>
    /// <param name="rates">The optimiser.</param>
    /// <param name="sequences">Sequences to make a step of.</param>
    /// <param name="device">Where.</param>
    /// <param name="precision">What products are computed in.</param>
    /// <param name="timesUpdate">Whether the update is timed by itself, for which a GPU is waited for once more in each step.</param>
    /// <returns>Medians of the steps after the first.</returns>
    public static ProbedStep Measure(ModelConfig shape, TrainingConfig training, OptimizerConfig rates, int sequences, Device device, Precision precision,
        bool timesUpdate = false)
    {
        using Tensor generator = get_rng_state(); // of which dropout draws
        try
        {
            using var model = new Gpt(shape, training.Seed, device, precision);
            using var optimizer = new Optimizer(model, rates);
            var random = new Random(1);
            long[] ids = [.. Enumerable.Range(0, sequences * shape.ContextLength).Select(_ => random.NextInt64(shape.VocabularySize))];
            using Tensor batch = tensor(ids, [sequences, shape.ContextLength], device: device);
            List<double> seconds = [], updates = [];
            var total = Stopwatch.StartNew();
            for (int i = 0; i < 2 || (total.Elapsed < s_time && i < Steps); i++)
            {
                long start = Stopwatch.GetTimestamp();
                using var scope = NewDisposeScope();
                Tensor loss = model.AccumulateGradients(batch, batch, seedDropout: part => DropoutSeed.Apply(training.Seed, 0, 0, part, device),
                    checkpointActivations: training.ActivationCheckpointing);
                if (timesUpdate) loss.item<float>();
                long passed = Stopwatch.GetTimestamp();
                optimizer.Step(0).item<float>();
                loss.item<float>(); // both wait for the device
                if (i == 0) continue;
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                updates.Add(Stopwatch.GetElapsedTime(passed).TotalSeconds);
            }
            return new ProbedStep((long)sequences * shape.ContextLength, Median(seconds), timesUpdate ? Median(updates) : 0);
        }
        finally
        {
            set_rng_state(generator);
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
