using System.Diagnostics;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>How fast real steps of a model are, found by making some for about three seconds.</summary>
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
    /// <returns>Tokens per second, from the median of the steps after the first.</returns>
    public static double TokensPerSecond(ModelConfig shape, TrainingConfig training, OptimizerConfig rates, int sequences, Device device, Precision precision)
    {
        using Tensor generator = get_rng_state(); // of which dropout draws
        try
        {
            using var model = new Gpt(shape, training.Seed, device, precision);
            using var optimizer = new Optimizer(model, rates);
            var random = new Random(1);
            long[] ids = [.. Enumerable.Range(0, sequences * shape.ContextLength).Select(_ => random.NextInt64(shape.VocabularySize))];
            using Tensor batch = tensor(ids, [sequences, shape.ContextLength], device: device);
            List<double> seconds = [];
            var total = Stopwatch.StartNew();
            for (int i = 0; i < 2 || (total.Elapsed < s_time && i < Steps); i++)
            {
                long start = Stopwatch.GetTimestamp();
                using var scope = NewDisposeScope();
                Tensor loss = model.AccumulateGradients(batch, batch, seedDropout: part => DropoutSeed.Apply(training.Seed, 0, 0, part, device),
                    checkpointActivations: training.ActivationCheckpointing);
                optimizer.Step(0).item<float>();
                loss.item<float>(); // both wait for the device
                if (i > 0) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            seconds.Sort();
            return (double)sequences * shape.ContextLength / seconds[seconds.Count / 2];
        }
        finally
        {
            set_rng_state(generator);
        }
    }
}
