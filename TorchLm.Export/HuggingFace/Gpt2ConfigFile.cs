using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using static TorchLm.Export.HuggingFace.JsonNumber;

namespace TorchLm.Export.HuggingFace;

/// <summary>Hugging Face's config.json of a GPT-2 model (transformers, GPT2Config).</summary>
internal static class Gpt2ConfigFile
{
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
    ];

    /// <summary>The content for a model, without what is common to all.</summary>
    public static JsonObject Write(ModelConfig model) => new()
    {
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["model_type"] = "gpt2",
        ["vocab_size"] = model.VocabularySize,
        ["n_positions"] = model.ContextLength,
        ["n_ctx"] = model.ContextLength,
        ["n_embd"] = model.EmbeddingSize,
        ["n_layer"] = model.LayerCount,
        ["n_head"] = model.HeadCount,
        ["n_inner"] = model.MlpWidth,
        ["activation_function"] = model.Gelu == "tanh" ? "gelu_new" : "gelu",
        ["layer_norm_epsilon"] = Real(model.NormEpsilon),
        ["resid_pdrop"] = Real(model.Dropout),
        ["embd_pdrop"] = Real(model.Dropout),
        ["attn_pdrop"] = Real(model.Dropout),
        ["initializer_range"] = Real(model.InitialDeviation),
        ["scale_attn_weights"] = true,
        ["tie_word_embeddings"] = model.TiedHead,
    };

    /// <summary>Reads the shape of a model; <see cref="ModelConfig.Bias"/> is true.</summary>
    /// <exception cref="InputException">The model computes something else than TorchLm's.</exception>
    public static ModelConfig Read(ConfigFields fields)
    {
        foreach ((string field, bool only) in s_switches) fields.Require(field, only);
        string activation = fields.Text("activation_function") ?? "gelu_new";
        if (!s_gelu.TryGetValue(activation, out string? gelu))
        {
            throw fields.Wrong("activation_function", $"is '{activation}'; only {string.Join(", ", s_gelu.Keys)} can be imported");
        }
        int width = fields.Count("n_embd", 768);
        return fields.Checked(new ModelConfig
        {
            LayerCount = fields.Count("n_layer", 12),
            HeadCount = fields.Heads("n_head", 12, "n_embd", width),
            EmbeddingSize = width,
            ContextLength = fields.Count("n_positions", 1024),
            VocabularySize = fields.Vocabulary(50257, "n_embd", width),
            Dropout = fields.Dropout("resid_pdrop", 0.1),
            Bias = true,
            NormEpsilon = fields.Number("layer_norm_epsilon") ?? 1e-5,
            MlpSize = fields.Has("n_inner") ? fields.Count("n_inner", 0) : 0,
            Gelu = gelu,
            TiedHead = fields.Switch("tie_word_embeddings", true),
        });
    }
}
