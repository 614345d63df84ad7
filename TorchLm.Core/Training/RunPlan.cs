using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Core.Training;

/// <summary>What a run will take, before it is begun.</summary>
/// <param name="Config">The run, its vocabulary known.</param>
/// <param name="Precision">What products are computed in.</param>
/// <param name="OnCpu">Whether it is a CPU that trains.</param>
/// <param name="FreeBytes">Memory that the device has free.</param>
/// <param name="DataTokens">Tokens that there are to train on.</param>
/// <param name="TokensPerSecond">Measured or estimated speed.</param>
public sealed record RunPlan(RunConfig Config, Precision Precision, bool OnCpu, long FreeBytes, long DataTokens, double TokensPerSecond)
{
    /// <summary>Tokens a parameter at which a given amount of arithmetic is spent best (Hoffmann et al. 2022, "Chinchilla").</summary>
    public const int OptimalTokensPerParameter = 20;

    /// <summary>Epochs up to which repeated data is about as good as new (Muennighoff et al. 2023).</summary>
    public const int MostEpochs = 4;

    /// <summary>Tokens in an update below which its gradient is mostly noise, as a rule of thumb.</summary>
    public const int LeastBatchTokens = 512;

    private const int ShownMicroBatches = 8;

    /// <summary>Numbers in the model by what they are for; what it does not have is left out.</summary>
    public IReadOnlyList<(string Part, long Count)> ParametersByPart
    {
        get
        {
            ModelConfig m = Config.Model;
            long c = m.EmbeddingSize, layers = m.LayerCount, bias = m.Bias ? 1 : 0, table = m.VocabularySize * c;
            long inside = m.IsGated ? 2L * m.MlpWidth : m.MlpWidth, qkv = m.QkvSize;
            long norms = (2 * layers) + (m.EmbeddingNorm ? 1 : 0) + (m.NormPlacement == ModelConfig.PreNorm ? 1 : 0);
            bool layerNorm = m.Norm == ModelConfig.LayerNorm;
            IEnumerable<(string Part, long Count)> parts =
            [
                (m.TiedHead ? "token embedding, shared with the output head" : "token embedding", table),
                ("output head", m.TiedHead ? 0 : table),
                ("position embedding", m.Positions == ModelConfig.LearnedPositions ? m.ContextLength * c : 0),
                ("attention", layers * ((c * (qkv + c)) + (bias * (qkv + c)))),
                ("MLP", layers * ((c * (inside + m.MlpWidth)) + (bias * (inside + c)))),
                ("convolutions", 2 * layers * m.ConvolutionWidth * c),
                ("value embeddings", m.ValueEmbeddings ? layers * (((long)m.VocabularySize * m.KeyValueHeads * m.HeadSize) + 1) : 0),
                ("embedding shortcuts", m.EmbeddingShortcuts ? 2 * layers : 0),
                (layerNorm ? "LayerNorm" : "RMSNorm", norms * c * ((m.NormGain ? 1 : 0) + (layerNorm ? bias : 0))),
            ];
            return [.. parts.Where(part => part.Count > 0)];
        }
    }

    /// <summary>Numbers in the model.</summary>
    public long Parameters => ModelCost.Parameters(Config.Model);

    /// <summary>Tokens in one update.</summary>
    public long BatchTokens => (long)MicroBatch.EffectiveBatch(Config.Training) * Config.Model.ContextLength;

    /// <summary>Tokens in the whole run.</summary>
    public long Tokens => MicroBatch.SequencesInRun(Config.Training) * Config.Model.ContextLength;

    /// <summary>How often the data is read.</summary>
    public double Epochs => (double)Tokens / DataTokens;

    /// <summary>Bytes of a checkpoint, at the most: weights and the optimiser's state in float32, whose headers are small.</summary>
    public long CheckpointBytes => (1L + Config.Optimizer.StateNumbers()) * sizeof(float) * Parameters;

    /// <summary>Bytes on the disk at the most: the checkpoints that are kept, the best one, and one being written.</summary>
    public long DiskBytes => (Config.Training.KeepCheckpoints + 2) * CheckpointBytes;

    /// <summary>Seconds for all steps.</summary>
    public double StepSeconds => Tokens / TokensPerSecond;

    /// <summary>Seconds for all evaluations, which are a forward pass: a third of a step's arithmetic. Null where an evaluation is the whole split.</summary>
    public double? EvaluationSeconds
    {
        get
        {
            TrainingConfig t = Config.Training;
            if (t.EvalBatches == 0) return null;
            long evaluations = 1 + (t.Steps / t.EvalInterval) + (t.Steps % t.EvalInterval > 0 ? 1 : 0);
            return (double)evaluations * t.EvalBatches * t.BatchSize * Config.Model.ContextLength / (3 * TokensPerSecond);
        }
    }

    /// <summary>Memory with a micro-batch.</summary>
    public TrainingMemory Memory(int sequences) => TrainingMemory.Of(Config.Model, sequences, Precision, Config.Training.ActivationCheckpointing, OnCpu,
        Config.Optimizer);

    /// <summary>Micro-batches that the effective batch can be cut into, the configured one among them, from small to large.</summary>
    public IReadOnlyList<int> MicroBatches
    {
        get
        {
            IReadOnlyList<int> all = MicroBatch.Divisors(MicroBatch.EffectiveBatch(Config.Training));
            int step = Math.Max(1, (all.Count + ShownMicroBatches - 2) / (ShownMicroBatches - 1));
            return [.. all.Where((size, i) => i % step == 0 || size == Config.Training.BatchSize || i == all.Count - 1)];
        }
    }

    /// <summary>What is likely to be regretted, each in a sentence that says what to do.</summary>
    public IEnumerable<string> Warnings()
    {
        TrainingConfig t = Config.Training;
        if (Memory(t.BatchSize).Total > FreeBytes)
        {
            int? fits = MicroBatch.Divisors(MicroBatch.EffectiveBatch(t)).Where(size => Memory(size).Total <= FreeBytes).Select(size => (int?)size).LastOrDefault();
            yield return fits is { } size ? $"A micro-batch of {t.BatchSize} takes {MicroBatchTrial.GiB(Memory(t.BatchSize).Total)}, but {MicroBatchTrial.GiB(FreeBytes)} are free: use --micro-batch {size}."
                : $"The model is too large for this device: with one sequence at a time it takes {MicroBatchTrial.GiB(Memory(1).Total)}, but {MicroBatchTrial.GiB(FreeBytes)} are free; use " +
                    $"{(t.ActivationCheckpointing ? "" : "training.activationCheckpointing=true, ")}fewer layers (model.layerCount) or a smaller width (model.embeddingSize).";
        }
        foreach (string idle in IdleSettings.Of(Config)) yield return idle;
        if (Epochs > MostEpochs) yield return $"The data is read {Epochs:0.0} times; beyond {MostEpochs} times it teaches little that is new: use more text, or fewer training.steps.";
        if (BatchTokens < LeastBatchTokens)
        {
            yield return $"An update sees {BatchTokens:N0} tokens, so that its gradient is mostly noise: use a larger training.batchSize or training.gradientAccumulationSteps.";
        }
        if (Tokens < (long)OptimalTokensPerParameter * Parameters / 4)
        {
            yield return $"The model sees {(double)Tokens / Parameters:0.0} tokens a parameter, far from the {OptimalTokensPerParameter} that are best for its cost: a smaller model, or more steps, reaches a " +
                "lower loss in the same time.";
        }
    }
}
