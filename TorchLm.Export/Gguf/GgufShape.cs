using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;

namespace TorchLm.Export.Gguf;

/// <summary>A model's shape as llama.cpp's metadata. Keys begin with the architecture's name.</summary>
internal static class GgufShape
{
    private const string Llama = "llama", Gpt2 = "gpt2", Qwen3 = "qwen3";

    /// <summary>Adds the keys of a model.</summary>
    public static void Add(GgufWriter file, ModelConfig config, Architecture architecture)
    {
        string name = architecture.Name;
        file.Add($"{name}.context_length", (uint)config.ContextLength);
        file.Add($"{name}.embedding_length", (uint)config.EmbeddingSize);
        file.Add($"{name}.block_count", (uint)config.LayerCount);
        file.Add($"{name}.feed_forward_length", (uint)config.MlpWidth);
        file.Add($"{name}.attention.head_count", (uint)config.HeadCount);
        if (name == Gpt2)
        {
            file.Add($"{name}.attention.layer_norm_epsilon", (float)config.NormEpsilon);
            return;
        }
        file.Add($"{name}.attention.head_count_kv", (uint)config.KeyValueHeads);
        file.Add($"{name}.attention.layer_norm_rms_epsilon", (float)config.NormEpsilon);
        file.Add($"{name}.attention.key_length", (uint)config.HeadSize);
        file.Add($"{name}.attention.value_length", (uint)config.HeadSize);
        file.Add($"{name}.vocab_size", (uint)config.VocabularySize);
        file.Add($"{name}.rope.dimension_count", (uint)config.HeadSize);
        file.Add($"{name}.rope.freq_base", (float)config.RopeBase);
        if (config.RopeScale <= 1) return;
        file.Add($"{name}.rope.scaling.type", "linear");
        file.Add($"{name}.rope.scaling.factor", (float)config.RopeScale);
    }

    /// <summary>
    /// Reads the shape of a model. The tensors must tell the vocabulary and whether the head is tied; a GPT-2 has <see cref="ModelConfig.Bias"/>,
    /// and a Qwen3's <see cref="ModelConfig.QkNormScale"/> is among the tensors, too.
    /// </summary>
    /// <exception cref="InputException">It is of another architecture, or computes something else than TorchLm's model.</exception>
    public static ModelConfig Read(GgufReader file)
    {
        string name = file.Find<string>("general.architecture") ?? "";
        if (name is not (Gpt2 or Llama or Qwen3)) throw file.Wrong($"is of the architecture '{name}'; only gpt2, llama and qwen3 can be imported");
        int width = file.Count($"{name}.embedding_length"), heads = file.Count($"{name}.attention.head_count");
        if (width % heads != 0) throw file.Wrong($"says {heads} heads, which do not divide the width {width}");
        var shape = new ModelConfig
        {
            LayerCount = file.Count($"{name}.block_count"),
            HeadCount = heads,
            EmbeddingSize = width,
            ContextLength = file.Count($"{name}.context_length"),
            MlpSize = file.Count($"{name}.feed_forward_length"),
        };
        if (name != Gpt2) return ReadLlama(file, name, shape);
        return shape with { Bias = true, Gelu = "tanh", NormEpsilon = Number(file, $"{Gpt2}.attention.layer_norm_epsilon") };
    }

    private static ModelConfig ReadLlama(GgufReader file, string name, ModelConfig shape)
    {
        foreach (string key in new[] { "attention.key_length", "attention.value_length", "rope.dimension_count" })
        {
            int size = file.Count($"{name}.{key}", shape.HeadSize);
            if (size == shape.HeadSize) continue;
            throw file.Wrong($"has '{name}.{key}' {size}, but only the width over the heads ({shape.HeadSize}) can be imported");
        }
        if (file.Has($"{name}.expert_count")) throw file.Wrong("has a mixture of experts, which TorchLm's model has not");
        string scaling = file.Find<string>($"{name}.rope.scaling.type") ?? "none";
        if (scaling is not ("none" or "linear")) throw file.Wrong($"scales rotary positions in the way '{scaling}'; only linear can be imported");
        if (file.ShapeOf("rope_freqs.weight") is not null)
        {
            throw file.Wrong("scales rotary positions by a table (rope_freqs.weight); only linear can be imported");
        }
        return shape with
        {
            Family = ModelConfig.Llama,
            KeyValueHeadCount = file.Count($"{name}.attention.head_count_kv", shape.HeadCount),
            Bias = file.ShapeOf("blk.0.attn_q.bias") is not null,
            Positions = ModelConfig.Rope,
            RopeBase = Number(file, $"{name}.rope.freq_base", 10_000),
            RopeScale = scaling == "linear" ? Number(file, $"{name}.rope.scaling.factor") : 1,
            Norm = ModelConfig.RmsNorm,
            QkNorm = name == Qwen3,
            NormEpsilon = Number(file, $"{name}.attention.layer_norm_rms_epsilon"),
            Mlp = ModelConfig.SwiGlu,
        };
    }

    /// <summary>A number in single precision as it was written: 1e-5 and not 9.99999974737875e-06.</summary>
    private static double Number(GgufReader file, string key, double? absent = null)
    {
        double number = file.Number(key) ?? absent ?? throw file.Wrong($"has no '{key}'");
        if ((float)number != number) return number;
        return double.Parse(((float)number).ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
