using System.Text.Json.Nodes;

namespace TorchLm.Core.Configuration;

/// <summary>What a family of architectures chooses where a configuration says nothing.</summary>
internal static class ModelFamily
{
    /// <summary>Llama (Touvron et al. 2023). GPT-2's choices are the records' own defaults.</summary>
    private static readonly (string Setting, string Value)[] s_llama =
    [
        ("positions", ModelConfig.Rope), ("norm", ModelConfig.RmsNorm), ("mlp", ModelConfig.SwiGlu),
    ];

    /// <summary>Fills in what the family of a configuration's model chooses and the configuration does not say.</summary>
    public static void FillIn(JsonObject root)
    {
        if (root["model"] is not JsonObject model || model["family"] is not JsonValue family || !family.TryGetValue(out string? name)) return;
        if (name != ModelConfig.Llama) return;
        foreach ((string setting, string value) in s_llama)
        {
            if (!model.ContainsKey(setting)) model[setting] = value;
        }
    }
}
