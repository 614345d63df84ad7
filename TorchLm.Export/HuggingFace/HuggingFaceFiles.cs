using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Export.Architectures;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export.HuggingFace;

/// <summary>The small files around a model's weights that transformers and transformers.js load.</summary>
internal static class HuggingFaceFiles
{
    public const string Weights = "model.safetensors", Index = "model.safetensors.index.json", Vocabulary = "vocab.json", Merges = "merges.txt";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All files that an export in Hugging Face's layout may write.</summary>
    public static IReadOnlySet<string> All { get; } = new HashSet<string>
    {
        ModelConfigFile.Name, Weights, "generation_config.json", TokenizerFile.Name, "tokenizer_config.json", "special_tokens_map.json", Vocabulary, Merges,
        "README.md", "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data",
    };

    /// <summary>Writes everything but the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="architecture">What transformers has it as.</param>
    /// <param name="folder">An existing folder.</param>
    /// <param name="type">What the weights are stored in.</param>
    /// <param name="besides">What config.json says of a graph for transformers.js, or null.</param>
    public static void Write(ModelSource model, Architecture architecture, string folder, ScalarType type, JsonObject? besides = null)
    {
        ITokenizer tokenizer = model.Tokenizer;
        int? end = tokenizer.EndOfTextId;
        JsonObject config = ModelConfigFile.Write(model.Config, architecture, end, type switch
        {
            ScalarType.Float16 => "float16",
            ScalarType.BFloat16 => "bfloat16",
            _ => "float32",
        });
        foreach ((string field, JsonNode? value) in besides ?? []) config[field] = value!.DeepClone();
        WriteJson(folder, ModelConfigFile.Name, config);
        WriteJson(folder, "generation_config.json", new JsonObject { ["bos_token_id"] = end, ["eos_token_id"] = end, ["pad_token_id"] = end });

        tokenizer.Save(Path.Combine(folder, TokenizerFile.Name));
        string? endName = end is null ? null : TokenTable.EndOfTextName;
        // GPT-2's own class reads vocab.json and merges.txt and splits words as GPT-2 does; everything else is in tokenizer.json alone.
        bool isGpt2 = tokenizer is ByteLevelTokenizer { PreTokenization: var split } && split == PreTokenization.Gpt2;
        var special = new JsonObject();
        if (endName is not null) foreach (string role in (string[])["bos_token", "eos_token", "unk_token"]) special[role] = endName;
        WriteJson(folder, "special_tokens_map.json", special);
        var tokenizerConfig = new JsonObject
        {
            ["tokenizer_class"] = isGpt2 ? "GPT2Tokenizer" : "PreTrainedTokenizerFast",
            ["model_max_length"] = model.Config.ContextLength,
            ["add_prefix_space"] = false,
            ["clean_up_tokenization_spaces"] = false,
        };
        foreach ((string role, JsonNode? name) in special) tokenizerConfig[role] = name!.DeepClone();
        if (!isGpt2) tokenizerConfig.Remove("add_prefix_space");
        WriteJson(folder, "tokenizer_config.json", tokenizerConfig);
        if (isGpt2) VocabularyAndMerges.Save((ByteLevelTokenizer)tokenizer, Path.Combine(folder, Vocabulary), Path.Combine(folder, Merges));
        File.WriteAllText(Path.Combine(folder, "README.md"), ModelCard.Text(model, architecture, besides is not null));
    }

    private static void WriteJson(string folder, string name, JsonObject content) =>
        File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(s_json) + "\n");
}
