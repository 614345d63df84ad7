using TorchLm.Core;
using TorchLm.Core.Configuration;
using static TorchLm.Export.Architectures.Limits;

namespace TorchLm.Export.Architectures;

/// <summary>
/// Other software, and which architectures it has: this table decides what an export can express. ONNX is not in it, as graphs are TorchLm's own.
/// </summary>
internal sealed class Target
{
    private static readonly Limit[] s_plain = [NoConvolutions, NoShortcuts, NoValueEmbeddings, NoSoftCap, UndividedLogits];
    private static readonly Limit[] s_gpt2 =
        [OneKeyHeadForEachQuery, Unrotated, LayerNorm, PreNorm, NoEmbeddingNorm, Gelu, NoQkNorm, NoWindow, .. s_plain];

    private static readonly Limit[] s_llama = [Rotary, RmsNorm, PreNorm, NoEmbeddingNorm, SwiGlu];

    private readonly string _software;
    private readonly Architecture[] _architectures;

    private Target(string software, params Architecture[] architectures) => (_software, _architectures) = (software, architectures);

    /// <summary>transformers, for folders in Hugging Face's layout.</summary>
    public static Target HuggingFace { get; } = new("Hugging Face",
        new("gpt2", ModelConfig.Gpt2, s_gpt2),
        new("llama", ModelConfig.Llama, [.. s_llama, NoQkNorm, NoWindow, .. s_plain]),
        new("mistral", ModelConfig.Llama, [.. s_llama, NoQkNorm, OneWindowForAll, .. s_plain, NoBiases]),
        new("qwen3", ModelConfig.Llama, [.. s_llama, QkNorm, NoWindow, .. s_plain, NoBiases]));

    /// <summary>llama.cpp, for GGUF files.</summary>
    public static Target LlamaCpp { get; } = new("llama.cpp",
        new("gpt2", ModelConfig.Gpt2, [.. s_gpt2, TanhGelu]),
        new("llama", ModelConfig.Llama, [.. s_llama, NoQkNorm, NoWindow, .. s_plain]),
        new("qwen3", ModelConfig.Llama, [.. s_llama, QkNorm, NoWindow, .. s_plain, NoBiases]));

    /// <summary>The architecture that computes what a model does; null where none does.</summary>
    public Architecture? Find(ModelConfig model) => _architectures.FirstOrDefault(one => !one.Exceeded(model).Any());

    /// <summary>The architecture of a name.</summary>
    public Architecture Named(string name) => _architectures.Single(one => one.Name == name);

    /// <summary>The architecture that computes what a model does.</summary>
    /// <exception cref="InputException">None does; the first setting is named that the nearest one cannot have.</exception>
    public Architecture Require(ModelConfig model)
    {
        if (Find(model) is { } found) return found;
        Architecture nearest = _architectures.MinBy(one => one.Exceeded(model).Count())!;
        Limit limit = nearest.Exceeded(model).First();
        string formats = this == LlamaCpp && HuggingFace.Find(model) is not null ? "hf or onnx" : "onnx";
        throw new InputException($"{limit.Setting} is {limit.ValueOf(model)}, but {_software}'s {nearest.Name} has only {limit.Only}: export the model " +
            $"with --format {formats}.");
    }
}
