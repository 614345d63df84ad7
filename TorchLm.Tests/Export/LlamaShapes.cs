using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Export;

/// <summary>Llamas of all kinds that other software can tell apart.</summary>
internal static class LlamaShapes
{
    /// <summary>As many heads of keys as of queries, a tied head.</summary>
    public static readonly ModelConfig Plain = new()
    {
        Family = ModelConfig.Llama, Positions = ModelConfig.Rope, Norm = ModelConfig.RmsNorm, Mlp = ModelConfig.SwiGlu,
        LayerCount = 2, HeadCount = 4, EmbeddingSize = 32, ContextLength = 160,
    };

    /// <summary>Two query heads to each head of keys.</summary>
    public static readonly ModelConfig Grouped = Plain with { KeyValueHeadCount = 2, MlpSize = 64, NormEpsilon = 1e-6 };

    /// <summary>With an output head of its own.</summary>
    public static readonly ModelConfig Untied = Grouped with { TiedHead = false, RopeBase = 50_000 };

    /// <summary>With positions divided, for a longer context.</summary>
    public static readonly ModelConfig Scaled = Untied with { KeyValueHeadCount = 1, RopeScale = 2.5 };

    /// <summary>With biases.</summary>
    public static readonly ModelConfig Biased = Grouped with { Bias = true };

    /// <summary>One of <see cref="Names"/>.</summary>
    public static ModelConfig Get(string name) => name switch
    {
        "plain" => Plain,
        "grouped" => Grouped,
        "untied" => Untied,
        "scaled" => Scaled,
        "biased" => Biased,
        _ => throw new ArgumentException(name),
    };

    public static TheoryData<string> Names => ["plain", "grouped", "untied", "scaled", "biased"];
}
