using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Export.HuggingFace;

/// <summary>Hugging Face's config.json of a GPT-2 model (transformers, GPT2Config).</summary>
internal static class Gpt2ConfigFile
{
    public const string Name = "config.json";

    /// <summary>GPT-2's two GELUs under all the names that transformers has for them.</summary>
    private static readonly Dictionary<string, string> s_gelu = new()
    {
        ["gelu_new"] = "tanh",
        ["gelu_pytorch_tanh"] = "tanh",
        ["gelu_fast"] = "tanh",
        ["gelu"] = "exact",
        ["gelu_python"] = "exact",
    };

    /// <summary>Fields that change what the model computes, and the only value of each that TorchLm's model has.</summary>
    private static readonly (string Field, bool Value)[] s_switches =
    [
        ("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false), ("reorder_and_upcast_attn", false), ("add_cross_attention", false),
        ("tie_word_embeddings", true),
    ];

    /// <summary>The content for a model.</summary>
    /// <param name="model">Its shape.</param>
    /// <param name="endOfText">The id that stands between documents, if there is one.</param>
    /// <param name="dtype">What the weights are stored in: float32, float16 or bfloat16.</param>
    public static JsonObject Write(ModelConfig model, int? endOfText, string dtype) => new()
    {
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["model_type"] = "gpt2",
        ["vocab_size"] = model.VocabularySize,
        ["n_positions"] = model.ContextLength,
        ["n_ctx"] = model.ContextLength,
        ["n_embd"] = model.EmbeddingSize,
        ["n_layer"] = model.LayerCount,
        ["n_head"] = model.HeadCount,
        ["n_inner"] = 4 * model.EmbeddingSize,
        ["activation_function"] = model.Gelu == "tanh" ? "gelu_new" : "gelu",
        ["layer_norm_epsilon"] = new ModelConfig().NormEpsilon,
        ["resid_pdrop"] = model.Dropout,
        ["embd_pdrop"] = model.Dropout,
        ["attn_pdrop"] = model.Dropout,
        ["initializer_range"] = 0.02,
        ["scale_attn_weights"] = true,
        ["tie_word_embeddings"] = true,
        ["use_cache"] = true,
        ["bos_token_id"] = endOfText, // null where there is none: transformers would take 50256
        ["eos_token_id"] = endOfText,
        ["dtype"] = dtype,
        ["torch_dtype"] = dtype, // what versions before 4.56 read
    };

    /// <summary>Reads the shape of a model. Whether it has biases the weights must tell: <see cref="ModelConfig.Bias"/> is true.</summary>
    /// <exception cref="InputException">It is no GPT-2, or one that computes something else than TorchLm's.</exception>
    public static ModelConfig Read(string path)
    {
        using JsonDocument document = JsonFile.ReadObject(path);
        JsonElement root = document.RootElement;
        string type = Text(root, "model_type", path) ?? "";
        if (type.Length == 0) throw new InputException($"'{path}' names no model_type, as a model in Hugging Face's layout does; only gpt2 can be imported.");
        if (type != "gpt2") throw new InputException($"'{path}' says model_type '{type}'; only gpt2 can be imported.");
        foreach ((string field, bool only) in s_switches)
        {
            if (Field(root, field) is not { } value) continue;
            if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) throw Wrong(path, field, "is not true or false");
            if (value.ValueKind == JsonValueKind.True != only) throw Wrong(path, field, $"is {value}, which TorchLm's model does not compute");
        }
        string activation = Text(root, "activation_function", path) ?? "gelu_new";
        if (!s_gelu.TryGetValue(activation, out string? gelu))
        {
            throw Wrong(path, "activation_function", $"is '{activation}'; only {string.Join(", ", s_gelu.Keys)} can be imported");
        }
        if (Number(root, "layer_norm_epsilon", path) is { } epsilon && Math.Abs(epsilon - new ModelConfig().NormEpsilon) > 1e-9)
        {
            throw Wrong(path, "layer_norm_epsilon", $"is {epsilon}; TorchLm's model has {new ModelConfig().NormEpsilon}");
        }
        int width = Count(root, "n_embd", 768, path), heads = Count(root, "n_head", 12, path);
        if (width % heads != 0) throw Wrong(path, "n_head", $"is {heads}, which does not divide n_embd ({width})");
        if (Field(root, "n_inner") is not null && Count(root, "n_inner", 0, path) != 4L * width) throw Wrong(path, "n_inner", "is not 4 times n_embd");
        double dropout = Number(root, "resid_pdrop", path) ?? 0.1;
        if (dropout is not (>= 0 and < 1)) throw Wrong(path, "resid_pdrop", $"is {dropout}, which is no probability below 1");
        var config = new ModelConfig
        {
            LayerCount = Count(root, "n_layer", 12, path),
            HeadCount = heads,
            EmbeddingSize = width,
            ContextLength = Count(root, "n_positions", 1024, path),
            VocabularySize = Count(root, "vocab_size", 50257, path),
            Dropout = dropout,
            Bias = true,
            Gelu = gelu,
        };
        if ((long)config.VocabularySize * width > int.MaxValue) throw Wrong(path, "vocab_size", $"times n_embd is {(long)config.VocabularySize * width}, not below 2^31");
        try
        {
            config.Validate();
        }
        catch (InputException e)
        {
            throw new InputException($"'{path}' cannot be imported: {e.Message}", e);
        }
        return config;
    }

    /// <summary>Whether a folder's config.json is a transformers one and not a run's.</summary>
    public static bool IsIn(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return false;
        using JsonDocument document = JsonFile.ReadObject(path);
        return Field(document.RootElement, "model_type") is not null;
    }

    private static JsonElement? Field(JsonElement root, string field) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement root, string field, string path)
    {
        if (Field(root, field) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.String) throw Wrong(path, field, "is not a text");
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException e) // half of a surrogate pair, escaped
        {
            throw new InputException($"'{path}': {field} is not valid Unicode: get the file again.", e);
        }
    }

    private static double? Number(JsonElement root, string field, string path) => Field(root, field) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Wrong(path, field, "is not a number");

    private static int Count(JsonElement root, string field, int absent, string path) => Field(root, field) is not { } value ? absent
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 ? number
        : throw Wrong(path, field, "is not a whole number from 1 up");

    private static InputException Wrong(string path, string field, string what) => new($"'{path}' cannot be imported: {field} {what}.");
}
