using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

/// <summary>What a configuration must be for several processes to train it together.</summary>
public static class RankRules
{
    /// <summary>Refuses what they cannot do; one process can do all.</summary>
    /// <param name="training">The configuration.</param>
    /// <param name="ranks">Processes.</param>
    /// <exception cref="InputException">There are more of them than sequences in a step, or a setting needs what none of them has.</exception>
    public static void Require(TrainingConfig training, int ranks)
    {
        if (ranks == 1) return;
        int least = new StepSizes(training).SequencesAt(0);
        if (least < ranks)
        {
            throw new InputException($"There are {ranks} ranks, but a step reads {least} sequences{(training.BatchWarmupSteps > 0 ? " at first" : "")} " +
                $"(training.batchSize times training.gradientAccumulationSteps): raise them, or take at most {least} ranks.");
        }
        if (training is { ShardOptimizer: true, LayerNorms: true })
        {
            throw new InputException("training.layerNorms measures whole gradients, which no process has with training.shardOptimizer=true: leave one of them out.");
        }
    }
}
