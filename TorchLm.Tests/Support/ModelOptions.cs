using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Support;

/// <summary>
/// Each choice that a model's configuration offers, alone, and architectures that are made of several. What a model promises is tested with all.
/// </summary>
internal static class ModelOptions
{
    private static readonly ModelConfig s_gpt2 = TinyGpt.Config, s_fourHeads = TinyGpt.Config with { HeadCount = 4, EmbeddingSize = 32 };

    /// <summary>Heads have 8 channels, contexts 8 tokens and the vocabulary 11.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new Dictionary<string, ModelConfig>
    {
        ["gpt-2"] = s_gpt2,
        ["biases"] = s_gpt2 with { Bias = true },
        ["exact gelu"] = s_gpt2 with { Gelu = "exact" },
        ["sinusoidal positions"] = s_gpt2 with { Positions = "sinusoidal", InitialDeviation = 0.5 },
        ["no positions"] = s_gpt2 with { Positions = "none" },
        ["rotary positions"] = s_gpt2 with { Positions = "rope" },
        ["rotary positions of another base and scale"] = s_gpt2 with { Positions = "rope", RopeBase = 50, RopeScale = 2.5 },
        ["rmsnorm"] = s_gpt2 with { Norm = "rmsnorm" },
        ["rmsnorm without gain"] = s_gpt2 with { Norm = "rmsnorm", NormGain = false },
        ["rmsnorm with biases elsewhere"] = s_gpt2 with { Norm = "rmsnorm", Bias = true },
        ["layernorm without gain"] = s_gpt2 with { NormGain = false },
        ["layernorm with a bias and no gain"] = s_gpt2 with { NormGain = false, Bias = true },
        ["another epsilon"] = s_gpt2 with { NormEpsilon = 0.3, QkNorm = true, EmbeddingNorm = true },
        ["norms after"] = s_gpt2 with { NormPlacement = "post" },
        ["embeddings normalised"] = s_gpt2 with { EmbeddingNorm = true },
        ["relu2"] = s_gpt2 with { Mlp = "relu2" },
        ["swiglu"] = s_gpt2 with { Mlp = "swiglu" },
        ["swiglu with biases"] = s_gpt2 with { Mlp = "swiglu", Bias = true },
        ["an mlp of another size"] = s_gpt2 with { MlpSize = 25 },
        ["swiglu of another size"] = s_gpt2 with { Mlp = "swiglu", MlpSize = 25 },
        ["queries and keys normalised"] = s_gpt2 with { QkNorm = true },
        ["queries and keys normalised and scaled"] = s_gpt2 with { QkNorm = true, QkNormScale = 1.2 },
        ["a window of 1"] = s_gpt2 with { SlidingWindow = 1 },
        ["a window of 3"] = s_gpt2 with { SlidingWindow = 3 },
        ["a window of 8"] = s_gpt2 with { SlidingWindow = 8 },
        ["windows, and each second block sees all"] = s_gpt2 with { LayerCount = 3, SlidingWindow = 3, FullAttentionInterval = 2 },
        ["one head of keys"] = s_gpt2 with { KeyValueHeadCount = 1 },
        ["grouped queries"] = s_fourHeads with { KeyValueHeadCount = 2 },
        ["a convolution of 1"] = s_gpt2 with { ConvolutionWidth = 1 },
        ["convolutions"] = s_gpt2 with { ConvolutionWidth = 3 },
        ["convolutions after norms, longer than the context"] = s_gpt2 with { ConvolutionWidth = 9, NormPlacement = "post" },
        ["embedding shortcuts"] = s_gpt2 with { EmbeddingShortcuts = true },
        ["value embeddings"] = s_gpt2 with { ValueEmbeddings = true },
        ["value embeddings of grouped queries"] = s_fourHeads with { ValueEmbeddings = true, KeyValueHeadCount = 2 },
        ["a head of its own"] = s_gpt2 with { TiedHead = false },
        ["soft cap"] = s_gpt2 with { LogitSoftCap = 5 },
        ["projections that begin at zero"] = s_gpt2 with { ZeroInitProjections = true, TiedHead = false },
        ["padded vocabulary"] = s_gpt2 with { VocabularyMultiple = 64 },
        ["twice the base width"] = s_gpt2 with { BaseWidth = 8 },
        ["a third less than the base width, capped, with a head of its own"] = s_gpt2 with { BaseWidth = 24, LogitSoftCap = 5, TiedHead = false },
        ["llama"] = s_fourHeads with
        {
            Family = "llama", Positions = "rope", Norm = "rmsnorm", Mlp = "swiglu", KeyValueHeadCount = 2, TiedHead = false,
        },
        ["llama's names for what llama does not have"] = s_gpt2 with
        {
            Family = "llama", Bias = true, Mlp = "relu2", EmbeddingNorm = true, EmbeddingShortcuts = true, ValueEmbeddings = true,
        },
        ["modern"] = s_gpt2 with
        {
            Positions = "rope", QkNorm = true, QkNormScale = 1.2, Norm = "rmsnorm", NormGain = false, EmbeddingNorm = true, Mlp = "relu2",
            TiedHead = false, LogitSoftCap = 5, EmbeddingShortcuts = true, ValueEmbeddings = true, ZeroInitProjections = true, ConvolutionWidth = 3,
        },
        ["modern with windows and one head of keys"] = s_gpt2 with
        {
            LayerCount = 3, Positions = "rope", QkNorm = true, Norm = "rmsnorm", NormGain = false, EmbeddingNorm = true, Mlp = "relu2",
            TiedHead = false, LogitSoftCap = 15, EmbeddingShortcuts = true, ValueEmbeddings = true, SlidingWindow = 4,
            FullAttentionInterval = 2, KeyValueHeadCount = 1,
        },
        ["the first transformer"] = s_gpt2 with
        {
            Positions = "sinusoidal", NormPlacement = "post", Bias = true, Gelu = "exact", InitialDeviation = 0.5,
        },
        ["norms after and all the rest"] = s_fourHeads with
        {
            NormPlacement = "post", Positions = "rope", QkNorm = true, EmbeddingNorm = true, EmbeddingShortcuts = true, ValueEmbeddings = true,
            KeyValueHeadCount = 2, Mlp = "swiglu", LogitSoftCap = 5, BaseWidth = 16,
        },
        ["padding wherever tokens have rows"] = s_gpt2 with
        {
            VocabularyMultiple = 64, TiedHead = false, ValueEmbeddings = true, LogitSoftCap = 5, KeyValueHeadCount = 1,
        },
        ["nothing learned in norms and positions"] = s_gpt2 with
        {
            Positions = "none", NormGain = false, QkNorm = true, QkNormScale = 2, SlidingWindow = 2, Mlp = "swiglu",
        },
    };

    /// <summary>The names of all.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    /// <summary>The same with heads of another size, and the rest in proportion.</summary>
    public static ModelConfig WithHeadSize(this ModelConfig config, int headSize) => config with { EmbeddingSize = config.HeadCount * headSize };
}
