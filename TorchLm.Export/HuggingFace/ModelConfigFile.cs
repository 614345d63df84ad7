using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;

namespace TorchLm.Export.HuggingFace;

/// <summary>Hugging Face's config.json of a model.</summary>
internal static class ModelConfigFile
{
    public const string Name = "config.json";

    private const string Readable = "gpt2, llama, mistral and qwen3";

    /// <summary>The content for a model.</summary>
    /// <param name="model">Its shape.</param>
    /// <param name="architecture">What transformers has it as.</param>
    /// <param name="endOfText">The id that stands between documents, if there is one.</param>
    /// <param name="dtype">What the weights are stored in: float32, float16 or bfloat16.</param>
    public static JsonObject Write(ModelConfig model, Architecture architecture, int? endOfText, string dtype)
    {
        JsonObject config = architecture.Family == ModelConfig.Llama ? LlamaConfigFile.Write(model, architecture) : Gpt2ConfigFile.Write(model);
        config["use_cache"] = true;
        config["bos_token_id"] = endOfText; // null where there is none: transformers would take 50256
        config["eos_token_id"] = endOfText;
        config["dtype"] = dtype;
        config["torch_dtype"] = dtype; // what versions before 4.56 read
        return config;
    }

    /// <summary>
    /// Reads the shape of a model. Whether a GPT-2 has biases the weights must tell: <see cref="ModelConfig.Bias"/> is true; and so they must what a Qwen3's
    /// <see cref="ModelConfig.QkNormScale"/> is.
    /// </summary>
    /// <exception cref="InputException">It is of no architecture that TorchLm has, or computes something else.</exception>
    public static ModelConfig Read(string path)
    {
        using JsonDocument document = JsonFile.ReadObject(path);
        var fields = new ConfigFields(document.RootElement, path);
        return fields.Text("model_type") switch
        {
            "gpt2" => Gpt2ConfigFile.Read(fields),
            "llama" or "mistral" or "qwen3" => LlamaConfigFile.Read(fields),
            null or "" => throw new InputException($"'{path}' names no model_type, as a model in Hugging Face's layout does; {Readable} can be imported."),
            var other => throw new InputException($"'{path}' says model_type '{other}'; {Readable} can be imported."),
        };
    }

    /// <summary>Whether a folder's config.json is a transformers one and not a run's.</summary>
    public static bool IsIn(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return false;
        using JsonDocument document = JsonFile.ReadObject(path);
        return ConfigFields.Find(document.RootElement, "model_type") is not null;
    }
}
