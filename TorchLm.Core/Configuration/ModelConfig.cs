namespace TorchLm.Core.Configuration;

/// <summary>The shape of the model. The defaults are nanoGPT's CPU setting.</summary>
public sealed record ModelConfig
{
    /// <summary>What LayerNorm adds to the variance before it divides by its root: GPT-2's value, which is no setting.</summary>
    public const double LayerNormEpsilon = 1e-5;

    /// <summary>The architecture: <c>gpt2</c>.</summary>
    [OneOf("gpt2")]
    public string Family { get; init; } = "gpt2";

    /// <summary>Transformer blocks (L).</summary>
    [AtLeast(1)]
    [AtMost(LargestLayerCount)]
    public int LayerCount { get; init; } = 4;

    /// <summary>Attention heads (H) in each block; divides <see cref="EmbeddingSize"/>.</summary>
    [AtLeast(1)]
    public int HeadCount { get; init; } = 4;

    /// <summary>Channels of the residual stream (C).</summary>
    [AtLeast(1)]
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>The longest sequence in tokens (T): the number of learned positions.</summary>
    [AtLeast(1)]
    public int ContextLength { get; init; } = 64;

    /// <summary>Number of token ids (V); 0 means: as many as the tokenizer has.</summary>
    [AtLeast(0)]
    public int VocabularySize { get; init; }

    /// <summary>
    /// The embedding's rows are padded to a multiple of this (64 suits CUDA's matrix units). Padding rows stay zero, take no part in the loss, can
    /// never be sampled and are in no file.
    /// </summary>
    [AtLeast(1)]
    public int VocabularyMultiple { get; init; } = 1;

    /// <summary>Probability of zeroing an activation in training, in [0, 1).</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double Dropout { get; init; }

    /// <summary>Whether linear layers and LayerNorms have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>The activation: <c>tanh</c> (GPT-2's approximation, Hugging Face's gelu_new) or <c>exact</c>.</summary>
    [OneOf("tanh", "exact")]
    public string Gelu { get; init; } = "tanh";

    /// <summary>More blocks than this are a damaged file: the deepest models that are about have some hundred.</summary>
    private const int LargestLayerCount = 10_000;

    /// <summary>Rows of the token embedding: the vocabulary and its padding.</summary>
    internal int PaddedVocabularySize => checked((int)PaddedRows);

    private long PaddedRows => ((long)VocabularySize + VocabularyMultiple - 1) / VocabularyMultiple * VocabularyMultiple;

    /// <summary>Refuses impossible combinations.</summary>
    /// <param name="vocabularyKnown">False where <see cref="VocabularySize"/> may still be 0 because the tokenizer is not there yet.</param>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate(bool vocabularyKnown = true)
    {
        SettingRuleAttribute.CheckAll("model", this);
        if (vocabularyKnown) Rule.AtLeast("model.vocabularySize", VocabularySize, 1);
        Rule.Holds(EmbeddingSize % HeadCount == 0, "model.embeddingSize", EmbeddingSize,
            $"it must be divisible by model.headCount ({HeadCount})");
        Rule.Holds((Int128)PaddedRows * EmbeddingSize <= int.MaxValue, "model.embeddingSize", EmbeddingSize,
            $"times the vocabulary ({PaddedRows}) it must stay below 2^31");
        Rule.Holds((long)ContextLength * EmbeddingSize <= int.MaxValue, "model.contextLength", ContextLength,
            $"times model.embeddingSize ({EmbeddingSize}) it must stay below 2^31");
        Rule.Holds(4 * (long)EmbeddingSize * EmbeddingSize <= int.MaxValue, "model.embeddingSize", EmbeddingSize,
            "its square times 4, the weights of an MLP's layer, must stay below 2^31");
    }
}
