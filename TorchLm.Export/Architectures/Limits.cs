using TorchLm.Core.Configuration;

namespace TorchLm.Export.Architectures;

/// <summary>What architectures of other software do not have all of, in the order of a model's settings.</summary>
internal static class Limits
{
    public static Limit OneKeyHeadForEachQuery { get; } = new("model.keyValueHeadCount", m => m.KeyValueHeads, "as many as model.headCount",
        m => m.KeyValueHeads == m.HeadCount);

    public static Limit Unrotated { get; } =
        Limit.To("model.positions", m => m.Positions, ModelConfig.LearnedPositions, ModelConfig.Sinusoidal, ModelConfig.NoPositions);

    public static Limit Rotary { get; } = Limit.To("model.positions", m => m.Positions, ModelConfig.Rope);

    public static Limit LayerNorm { get; } = Limit.To("model.norm", m => m.Norm, ModelConfig.LayerNorm);

    public static Limit RmsNorm { get; } = Limit.To("model.norm", m => m.Norm, ModelConfig.RmsNorm);

    public static Limit PreNorm { get; } = Limit.To("model.normPlacement", m => m.NormPlacement, ModelConfig.PreNorm);

    public static Limit NoEmbeddingNorm { get; } = Limit.To("model.embeddingNorm", m => m.EmbeddingNorm, false);

    public static Limit Gelu { get; } = Limit.To("model.mlp", m => m.Mlp, ModelConfig.GeluMlp);

    public static Limit SwiGlu { get; } = Limit.To("model.mlp", m => m.Mlp, ModelConfig.SwiGlu);

    public static Limit TanhGelu { get; } = new("model.gelu", m => m.Gelu, "tanh", m => m.Gelu == "tanh" || m.Mlp != ModelConfig.GeluMlp);

    public static Limit NoQkNorm { get; } = Limit.To("model.qkNorm", m => m.QkNorm, false);

    public static Limit QkNorm { get; } = Limit.To("model.qkNorm", m => m.QkNorm, true);

    /// <summary>A window as wide as the context is none.</summary>
    public static Limit NoWindow { get; } = new("model.slidingWindow", m => m.SlidingWindow, "0",
        m => m.SlidingWindow == 0 || m.SlidingWindow >= m.ContextLength || Enumerable.Range(0, m.LayerCount).All(layer => m.WindowOf(layer) is null));

    public static Limit OneWindowForAll { get; } = new("model.fullAttentionInterval", m => m.FullAttentionInterval, "0",
        m => Enumerable.Range(0, m.LayerCount).All(layer => m.WindowOf(layer) == m.WindowOf(0)));

    public static Limit NoConvolutions { get; } = Limit.To("model.convolutionWidth", m => m.ConvolutionWidth, 0);

    public static Limit NoShortcuts { get; } = Limit.To("model.embeddingShortcuts", m => m.EmbeddingShortcuts, false);

    public static Limit NoValueEmbeddings { get; } = Limit.To("model.valueEmbeddings", m => m.ValueEmbeddings, false);

    public static Limit NoSoftCap { get; } = Limit.To("model.logitSoftCap", m => m.LogitSoftCap, 0.0);

    /// <summary>Logits that are divided by 1 are left as they are.</summary>
    public static Limit UndividedLogits { get; } = new("model.baseWidth", m => m.BaseWidth, "0 or model.embeddingSize", m => m.WidthRatio == 1);

    public static Limit NoBiases { get; } = Limit.To("model.bias", m => m.Bias, false);
}
