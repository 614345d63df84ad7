using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;
using static TorchLm.Export.HuggingFace.JsonNumber;

namespace TorchLm.Export.HuggingFace;

/// <summary>
/// Hugging Face's config.json of a Llama (transformers, LlamaConfig) and of what differs from it by a window or by norms of queries and keys.
/// </summary>
internal static class LlamaConfigFile
{
    private static readonly Dictionary<string, string> s_classes =
        new() { ["llama"] = "LlamaForCausalLM", ["mistral"] = "MistralForCausalLM", ["qwen3"] = "Qwen3ForCausalLM" };

    /// <summary>The content for a model, without what is common to all.</summary>
    public static JsonObject Write(ModelConfig model, Architecture architecture)
    {
        bool isScaled = model.RopeScale > 1;
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(s_classes[architecture.Name]),
            ["model_type"] = architecture.Name,
            ["vocab_size"] = model.VocabularySize,
            ["max_position_embeddings"] = model.ContextLength,
            ["hidden_size"] = model.EmbeddingSize,
            ["intermediate_size"] = model.MlpWidth,
            ["num_hidden_layers"] = model.LayerCount,
            ["num_attention_heads"] = model.HeadCount,
            ["num_key_value_heads"] = model.KeyValueHeads,
            ["head_dim"] = model.HeadSize,
            ["hidden_act"] = "silu",
            ["rms_norm_eps"] = Real(model.NormEpsilon),
            ["rope_theta"] = Real(model.RopeBase),
            // Newer versions read the first, older ones the second.
            ["rope_parameters"] = new JsonObject { ["rope_type"] = isScaled ? "linear" : "default", ["rope_theta"] = Real(model.RopeBase) },
            ["rope_scaling"] = isScaled ? new JsonObject { ["rope_type"] = "linear", ["type"] = "linear", ["factor"] = Real(model.RopeScale) } : null,
            ["attention_dropout"] = Real(model.Dropout),
            ["initializer_range"] = Real(model.InitialDeviation),
            ["tie_word_embeddings"] = model.TiedHead,
        };
        if (isScaled) config["rope_parameters"]!["factor"] = Real(model.RopeScale);
        if (architecture.Name != "mistral") config["attention_bias"] = model.Bias;
        if (architecture.Name == "llama") config["mlp_bias"] = model.Bias;
        if (architecture.Name == "mistral") config["sliding_window"] = model.SlidingWindow;
        return config;
    }

    /// <summary>Reads the shape of a llama, a mistral (a window, no biases) or a qwen3 (norms of queries and keys).</summary>
    /// <param name="fields">The file.</param>
    /// <exception cref="InputException">The model computes something else than TorchLm's.</exception>
    public static ModelConfig Read(ConfigFields fields)
    {
        string type = fields.Text("model_type")!;
        (bool hasWindow, bool hasQkNorm) = (type == "mistral", type == "qwen3");
        if ((fields.Text("hidden_act") ?? "silu") is not ("silu" or "swish") and var activation)
        {
            throw fields.Wrong("hidden_act", $"is '{activation}'; only silu can be imported");
        }
        bool bias = !hasWindow && fields.Switch("attention_bias", false), mlpBias = type == "llama" && fields.Switch("mlp_bias", false);
        if (bias != mlpBias)
        {
            throw fields.Wrong("attention_bias", $"is {bias} and mlp_bias {mlpBias}; TorchLm's model has biases in both or in neither");
        }
        if (hasQkNorm && fields.Switch("use_sliding_window", false))
        {
            throw fields.Wrong("use_sliding_window", "is true; a qwen3 can be imported without windows only");
        }
        int width = fields.Count("hidden_size", 4096), heads = fields.Heads("num_attention_heads", 32, "hidden_size", width);
        if (fields.Count("head_dim", hasQkNorm ? 128 : width / heads) is var size && size != width / heads)
        {
            throw fields.Wrong("head_dim", $"is {size}, but only hidden_size / num_attention_heads ({width / heads}) can be imported");
        }
        int keyHeads = fields.IsNull("num_key_value_heads") ? heads : hasWindow ? 8 : hasQkNorm ? 32 : heads; // null is not the same as absent
        (double ropeBase, double ropeScale) = Rotation(fields);
        return fields.Checked(new ModelConfig
        {
            Family = ModelConfig.Llama,
            LayerCount = fields.Count("num_hidden_layers", 32),
            HeadCount = heads,
            KeyValueHeadCount = fields.Count("num_key_value_heads", keyHeads),
            EmbeddingSize = width,
            ContextLength = fields.Count("max_position_embeddings", hasWindow ? 131_072 : hasQkNorm ? 32_768 : 2048),
            VocabularySize = fields.Vocabulary(hasQkNorm ? 151_936 : 32_000, "hidden_size", width),
            Dropout = fields.Dropout("attention_dropout", 0),
            Bias = bias,
            Positions = ModelConfig.Rope,
            RopeBase = ropeBase,
            RopeScale = ropeScale,
            Norm = ModelConfig.RmsNorm,
            NormEpsilon = fields.Number("rms_norm_eps") ?? 1e-6,
            QkNorm = hasQkNorm,
            Mlp = ModelConfig.SwiGlu,
            MlpSize = fields.Count("intermediate_size", hasWindow ? 14_336 : hasQkNorm ? 22_016 : 11_008),
            SlidingWindow = hasWindow && fields.Has("sliding_window") ? fields.Count("sliding_window", 0) : 0,
            TiedHead = fields.Switch("tie_word_embeddings", false),
        });
    }

    /// <summary>The rotation's base and scale, which older and newer versions keep in different places.</summary>
    private static (double Base, double Scale) Rotation(ConfigFields fields)
    {
        ConfigFields? newer = fields.Object("rope_parameters"), older = fields.Object("rope_scaling"), scaling = older ?? newer;
        double ropeBase = newer?.Number("rope_theta") ?? older?.Number("rope_theta") ?? fields.Number("rope_theta") ?? 10_000;
        double share = scaling?.Number("partial_rotary_factor") ?? fields.Number("partial_rotary_factor") ?? 1;
        if (share != 1) throw fields.Wrong("partial_rotary_factor", $"is {share}; TorchLm's model turns all channels of a head");
        string type = scaling?.Text("rope_type") ?? scaling?.Text("type") ?? "default";
        return type switch
        {
            "default" => (ropeBase, 1),
            "linear" => (ropeBase, scaling!.Number("factor") ?? throw scaling.Wrong("factor", "is missing")),
            _ => throw scaling!.Wrong("rope_type", $"is '{type}'; only default and linear can be imported"),
        };
    }
}
