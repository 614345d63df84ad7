using TorchLm.Core.Configuration;

namespace TorchLm.Export.Gguf;

/// <summary>llama.cpp's names for the tensors of an architecture (gguf-py, constants.py) and Hugging Face's.</summary>
internal sealed class GgufNames
{
    private const string Block = "blk.";

    private readonly string _blockOfHuggingFace;
    private readonly (string HuggingFace, string Gguf)[] _whole, _block;

    private GgufNames(string block, (string HuggingFace, string Gguf)[] whole, (string HuggingFace, string Gguf)[] ofBlock) =>
        (_blockOfHuggingFace, _whole, _block) = (block, whole, ofBlock);

    public static GgufNames Gpt2 { get; } = new("transformer.h.",
        [("transformer.wte", "token_embd"), ("transformer.wpe", "position_embd"), ("transformer.ln_f", "output_norm"), ("lm_head", "output")],
        [
            ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
            ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
        ]);

    public static GgufNames Llama { get; } = new("model.layers.",
        [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output")],
        [
            ("input_layernorm", "attn_norm"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
            ("self_attn.o_proj", "attn_output"), ("post_attention_layernorm", "ffn_norm"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
            ("mlp.down_proj", "ffn_down"), ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
        ]);

    /// <summary>The names of a family's tensors.</summary>
    public static GgufNames Of(string family) => family == ModelConfig.Llama ? Llama : Gpt2;

    /// <summary>llama.cpp's name of a tensor that has Hugging Face's.</summary>
    public string ToGguf(string name) => Translate(name, _blockOfHuggingFace, Block, _whole, _block)
        ?? throw new ArgumentException($"'{name}' is no tensor that llama.cpp has.", nameof(name));

    /// <summary>Hugging Face's name of a tensor that has llama.cpp's, or null where the architecture has no such tensor.</summary>
    public string? ToHuggingFace(string name) =>
        Translate(name, Block, _blockOfHuggingFace, Reversed(_whole), Reversed(_block));

    /// <summary>Whether Hugging Face keeps this matrix [in, out], where llama.cpp has [out, in].</summary>
    public static bool IsTransposed(string huggingFace) =>
        huggingFace.Contains(".c_", StringComparison.Ordinal) && huggingFace.EndsWith(".weight", StringComparison.Ordinal);

    private static (string, string)[] Reversed((string HuggingFace, string Gguf)[] names) => [.. names.Select(p => (p.Gguf, p.HuggingFace))];

    private static string? Translate(string name, string prefix, string newPrefix, (string From, string To)[] whole, (string From, string To)[] block)
    {
        int dot = name.LastIndexOf('.');
        if (dot < 0) return null;
        (string stem, string suffix) = (name[..dot], name[dot..]);
        if (whole.FirstOrDefault(p => p.From == stem).To is { } found) return found + suffix;
        if (!stem.StartsWith(prefix, StringComparison.Ordinal)) return null;
        int end = stem.IndexOf('.', prefix.Length);
        if (end < 0 || block.FirstOrDefault(p => p.From == stem[(end + 1)..]).To is not { } part) return null;
        return $"{newPrefix}{stem[prefix.Length..end]}.{part}{suffix}";
    }
}
