using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

/// <summary>
/// Other ways to cut the same effective batch: micro-batch times gradient accumulation. The update is the same for each of them (to rounding), only memory
/// and speed differ.
/// </summary>
public static class MicroBatch
{
    /// <summary>Sequences in one update: training.batchSize times training.gradientAccumulationSteps.</summary>
    /// <exception cref="InputException">They are more than can be counted.</exception>
    public static int EffectiveBatch(TrainingConfig training)
    {
        long sequences = (long)training.BatchSize * training.GradientAccumulationSteps;
        Rule.Holds(sequences <= int.MaxValue, "training.batchSize times training.gradientAccumulationSteps", sequences, $"it must be at most {int.MaxValue}");
        return (int)sequences;
    }

    /// <summary>Sequences in a whole run, which has fewer than steps times effective batch where the batch grows at first.</summary>
    public static long SequencesInRun(TrainingConfig training) => new StepSizes(training).SequencesBefore(training.Steps);

    /// <summary>The micro-batches that the effective batch can be cut into, ascending.</summary>
    public static IReadOnlyList<int> Divisors(int effectiveBatch)
    {
        List<int> low = [], high = [];
        for (int i = 1; (long)i * i <= effectiveBatch; i++)
        {
            if (effectiveBatch % i != 0) continue;
            low.Add(i);
            if (i != effectiveBatch / i) high.Add(effectiveBatch / i);
        }
        high.Reverse();
        return [.. low, .. high];
    }

    /// <summary>The same training with another micro-batch.</summary>
    /// <param name="training">What it was.</param>
    /// <param name="sequences">Sequences in a micro-batch.</param>
    /// <exception cref="InputException">They do not divide the effective batch.</exception>
    public static TrainingConfig Apply(TrainingConfig training, int sequences)
    {
        int effective = EffectiveBatch(training);
        if (sequences >= 1 && effective % sequences == 0)
        {
            return training with
            {
                BatchSize = sequences,
                GradientAccumulationSteps = effective / sequences,
                EvalBatches = (int)Math.Min(int.MaxValue, (((long)training.EvalBatches * training.BatchSize) + sequences - 1) / sequences), // as many windows as before
            };
        }
        IReadOnlyList<int> divisors = Divisors(effective);
        int[] nearest = [.. new[] { divisors.LastOrDefault(d => d < sequences), divisors.FirstOrDefault(d => d > sequences) }.Where(d => d > 0)];
        throw new InputException($"--micro-batch is {sequences}, but it must divide the effective batch of {effective} (training.batchSize {training.BatchSize} x " +
            $"training.gradientAccumulationSteps {training.GradientAccumulationSteps}): use {string.Join(" or ", nearest)}.");
    }
}
