using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

/// <summary>How many sequences each step of a run reads, and how they are cut: what batch and context grow by at the beginning.</summary>
internal sealed class StepSizes
{
    private readonly DoublingWarmup _batch, _context;
    private readonly int _effectiveBatch;

    /// <summary>Takes them from a configuration.</summary>
    public StepSizes(TrainingConfig config)
        : this(config, MicroBatch.EffectiveBatch(config))
    {
    }

    /// <summary>Takes them from a configuration whose effective batch is another.</summary>
    public StepSizes(TrainingConfig config, int effectiveBatch)
    {
        _batch = new DoublingWarmup(config.BatchWarmupSteps, config.BatchWarmupFactor);
        _context = new DoublingWarmup(config.ContextWarmupSteps, config.ContextWarmupFactor);
        _effectiveBatch = effectiveBatch;
    }

    /// <summary>Sequences that a step reads, each of the model's whole context.</summary>
    public int SequencesAt(long step) => _effectiveBatch / _batch.DivisorAt(step);

    /// <summary>Sequences that all steps before one have read: where in the order of the data it begins.</summary>
    public long SequencesBefore(long step) => _batch.SumBefore(step, _effectiveBatch);

    /// <summary>Pieces that each sequence is cut into at a step.</summary>
    public int PiecesAt(long step) => _context.DivisorAt(step);
}
