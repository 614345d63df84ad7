using System.Text.Json.Serialization;

namespace TorchLm.Core.Configuration;

public sealed partial record ModelConfig
{
    /// <summary>Values of <see cref="Family"/>: GPT-2.</summary>
    public const string Gpt2 = "gpt2";

    /// <summary>Llama.</summary>
    public const string Llama = "llama";

    /// <summary>Values of <see cref="Positions"/>: a learned vector for each.</summary>
    public const string LearnedPositions = "learned";

    /// <summary>Sines and cosines.</summary>
    public const string Sinusoidal = "sinusoidal";

    /// <summary>Rotary ones.</summary>
    public const string Rope = "rope";

    /// <summary>None.</summary>
    public const string NoPositions = "none";

    /// <summary>Values of <see cref="Norm"/>: LayerNorm.</summary>
    public const string LayerNorm = "layernorm";

    /// <summary>RMSNorm.</summary>
    public const string RmsNorm = "rmsnorm";

    /// <summary>Values of <see cref="NormPlacement"/>: before.</summary>
    public const string PreNorm = "pre";

    /// <summary>After the sum.</summary>
    public const string PostNorm = "post";

    /// <summary>Values of <see cref="Mlp"/>: GELU.</summary>
    public const string GeluMlp = "gelu";

    /// <summary>The squared positive part.</summary>
    public const string Relu2 = "relu2";

    /// <summary>Gated by SiLU.</summary>
    public const string SwiGlu = "swiglu";

    /// <summary>A SwiGLU's width is a multiple of this where nothing is said, which matrix units like.</summary>
    private const int GatedMultiple = 32;

    /// <summary>More blocks than this are a damaged file: the deepest models that are about have some hundred.</summary>
    private const int LargestLayerCount = 10_000;

    /// <summary>Channels of a head (D).</summary>
    [JsonIgnore]
    public int HeadSize => EmbeddingSize / HeadCount;

    /// <summary>Heads of keys and values.</summary>
    [JsonIgnore]
    public int KeyValueHeads => KeyValueHeadCount == 0 ? HeadCount : KeyValueHeadCount;

    /// <summary>Rows of the joint projection to queries, keys and values.</summary>
    [JsonIgnore]
    public int QkvSize => (HeadCount + (2 * KeyValueHeads)) * HeadSize;

    /// <summary>Whether the MLP has a second projection that gates the first.</summary>
    [JsonIgnore]
    public bool IsGated => Mlp == SwiGlu;

    /// <summary>Channels inside the MLP (F).</summary>
    [JsonIgnore]
    public int MlpWidth => checked((int)WideMlp);

    /// <summary>How many times wider the model is than <see cref="BaseWidth"/> (m); 1 in the standard parametrisation.</summary>
    [JsonIgnore]
    public double WidthRatio => BaseWidth == 0 ? 1 : (double)EmbeddingSize / BaseWidth;

    /// <summary>Rows of the token embedding: the vocabulary and its padding.</summary>
    internal int PaddedVocabularySize => checked((int)PaddedRows);

    private long WideMlp => MlpSize > 0 ? MlpSize : !IsGated ? 4L * EmbeddingSize
        : ((8L * EmbeddingSize) + (3 * GatedMultiple) - 1) / (3 * GatedMultiple) * GatedMultiple;

    private long PaddedRows => ((long)VocabularySize + VocabularyMultiple - 1) / VocabularyMultiple * VocabularyMultiple;

    /// <summary>Tokens that a position of a block sees at most; null where it sees all before it.</summary>
    /// <param name="layer">The block, from 0.</param>
    public int? WindowOf(int layer) =>
        SlidingWindow == 0 || (FullAttentionInterval > 0 && ((layer + 1) % FullAttentionInterval == 0 || layer == LayerCount - 1)) ? null : SlidingWindow;

    /// <summary>Refuses impossible combinations.</summary>
    /// <param name="vocabularyKnown">False where <see cref="VocabularySize"/> may still be 0 because the tokenizer is not there yet.</param>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate(bool vocabularyKnown = true)
    {
        SettingRuleAttribute.CheckAll("model", this);
        if (vocabularyKnown) Rule.AtLeast("model.vocabularySize", VocabularySize, 1);
        Rule.Holds(EmbeddingSize % HeadCount == 0, "model.embeddingSize", EmbeddingSize,
            $"it must be divisible by model.headCount ({HeadCount})");
        Rule.Holds(HeadCount % KeyValueHeads == 0, "model.keyValueHeadCount", KeyValueHeadCount,
            $"it must divide model.headCount ({HeadCount})");
        Rule.Holds(Positions != Rope || HeadSize % 2 == 0, "model.positions", Positions,
            $"rotary positions turn pairs of channels, and a head has {HeadSize} (model.embeddingSize / model.headCount)");
        Rule.Holds(Positions != Sinusoidal || EmbeddingSize % 2 == 0, "model.positions", Positions,
            $"sines and cosines come in pairs, and model.embeddingSize is {EmbeddingSize}");
        Rule.Holds((Int128)PaddedRows * EmbeddingSize <= int.MaxValue, "model.embeddingSize", EmbeddingSize,
            $"times the vocabulary ({PaddedRows}) it must stay below 2^31");
        Rule.Holds((long)ContextLength * EmbeddingSize <= int.MaxValue, "model.contextLength", ContextLength,
            $"times model.embeddingSize ({EmbeddingSize}) it must stay below 2^31");
        Rule.Holds(WideMlp * EmbeddingSize * (IsGated ? 2 : 1) <= int.MaxValue, "model.embeddingSize", EmbeddingSize,
            $"times the width of the MLP ({WideMlp}){(IsGated ? ", twice," : "")} it must stay below 2^31");
    }
}
