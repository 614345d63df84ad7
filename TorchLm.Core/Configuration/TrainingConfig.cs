namespace TorchLm.Core.Configuration;

/// <summary>How long and on how much a run trains, and when it looks up from its work.</summary>
public sealed record TrainingConfig
{
    internal const string Rollback = "rollback", Stop = "stop", Continue = "continue";

    /// <summary>Updates of the weights in the whole run; the schedule ends here.</summary>
    [AtLeast(1)]
    public int Steps { get; init; } = 2000;

    /// <summary>Sequences in a micro-batch (B).</summary>
    [AtLeast(1)]
    public int BatchSize { get; init; } = 12;

    /// <summary>Micro-batches whose gradients are averaged for one update.</summary>
    [AtLeast(1)]
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Updates over which the batch grows to its full size, doubling in equal stages; 0 begins with all of it.</summary>
    [AtLeast(0)]
    public int BatchWarmupSteps { get; init; }

    /// <summary>How many times smaller the first batches are where they grow; a power of two.</summary>
    [AtLeast(2)]
    public int BatchWarmupFactor { get; init; } = 4;

    /// <summary>
    /// Updates over which sequences grow to the model's context, doubling in equal stages: before, each is cut into shorter ones. 0 begins with whole ones.
    /// </summary>
    [AtLeast(0)]
    public int ContextWarmupSteps { get; init; }

    /// <summary>How many times shorter the first sequences are where they grow; a power of two.</summary>
    [AtLeast(2)]
    public int ContextWarmupFactor { get; init; } = 4;

    /// <summary>
    /// Whether a block's activations are computed a second time for its gradients instead of kept, which takes less memory and more time. The
    /// gradients are the same.
    /// </summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>
    /// What the squared logarithm of the softmax's denominator weighs beside the loss, so that logits do not drift (z-loss, Chowdhery et al. 2022: 1e-4); 0
    /// leaves it out. Losses are said without it.
    /// </summary>
    [InRange(0, 1)]
    public double ZLoss { get; init; }

    /// <summary>Updates between evaluations on the validation split; the last step is always evaluated.</summary>
    [AtLeast(1)]
    public int EvalInterval { get; init; } = 250;

    /// <summary>Validation batches of an evaluation, always the same ones; 0 means the whole split.</summary>
    [AtLeast(0)]
    public int EvalBatches { get; init; } = 20;

    /// <summary>Updates between checkpoints; the last step is always saved, 0 saves nothing else.</summary>
    [AtLeast(0)]
    public int SaveInterval { get; init; } = 250;

    /// <summary>How many of the last checkpoints are kept; the best one is kept always.</summary>
    [AtLeast(1)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Updates between lines of metrics. The loss is read back from the device only then.</summary>
    [AtLeast(1)]
    public int LogInterval { get; init; } = 10;

    /// <summary>
    /// Whether lines of metrics say how large activations and gradients are block by block, which shows where a run becomes unstable. It changes no weight and
    /// costs a little time in the steps that are logged.
    /// </summary>
    public bool LayerNorms { get; init; }

    /// <summary>Evaluations without a new best loss after which the run stops; 0 never stops early.</summary>
    [AtLeast(0)]
    public int Patience { get; init; }

    /// <summary>
    /// Updates in a row that may be left out because the loss or the gradient is not finite; that many are a divergence. In fp16 the loss scale is tried out
    /// that way, and the run has diverged where no scale is low enough.
    /// </summary>
    [AtLeast(1)]
    public int SkipLimit { get; init; } = 10;

    /// <summary>
    /// What happens when a run diverges: <c>rollback</c> goes back to the last good checkpoint with half the learning rate, three times at most;
    /// <c>stop</c> ends it.
    /// </summary>
    [OneOf(Rollback, Stop)]
    public string OnDivergence { get; init; } = Rollback;

    /// <summary>Standard deviations above the recent mean from which a loss is reported as a spike; 0 reports none.</summary>
    [InRange(0)]
    public double SpikeThreshold { get; init; } = 6;

    /// <summary>
    /// Of several processes that train together, one that computes this many times as long as the median is reported; 0 reports none.
    /// </summary>
    [InRange(0)]
    public double StragglerFactor { get; init; } = 1.5;

    /// <summary>
    /// Whether several processes that train together keep and update an equal part of the optimizer's state each (ZeRO stage 1) instead of all of it. Each then
    /// takes less memory; updates are the same but for rounding.
    /// </summary>
    public bool ShardOptimizer { get; init; }

    /// <summary>What happens when a checkpoint cannot be written: <c>continue</c> trains on and tries the next one, <c>stop</c> ends the run.</summary>
    [OneOf(Continue, Stop)]
    public string OnSaveFailure { get; init; } = Continue;

    /// <summary>
    /// What products are computed in: <c>fp32</c>, <c>tf32</c> (CUDA), <c>bf16</c>, <c>fp16</c> (CUDA), or <c>auto</c>, which a run replaces by what it
    /// takes. Weights and moments are float32 always.
    /// </summary>
    [OneOf("auto", "fp32", "tf32", "bf16", "fp16")]
    public string Precision { get; init; } = "auto";

    /// <summary>Decides initial weights, dropout and the order of the data.</summary>
    [AtLeast(0)]
    public long Seed { get; init; } = 1337;

    /// <summary>
    /// A run's folder, or one of its checkpoints, whose weights the run begins with; null begins with random ones. The model is that one's, with the same or
    /// a shorter context.
    /// </summary>
    public string? InitFrom { get; init; }

    /// <summary>Refuses impossible combinations.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate()
    {
        SettingRuleAttribute.CheckAll("training", this);
        Rule.Holds(int.IsPow2(BatchWarmupFactor), "training.batchWarmupFactor", BatchWarmupFactor, "it must be a power of two");
        Rule.Holds(int.IsPow2(ContextWarmupFactor), "training.contextWarmupFactor", ContextWarmupFactor, "it must be a power of two");
    }
}
