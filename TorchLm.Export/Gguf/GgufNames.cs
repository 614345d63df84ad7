namespace TorchLm.Export.Gguf;

/// <summary>llama.cpp's names for the tensors of a GPT-2 model (gguf-py, constants.py) and Hugging Face's.</summary>
internal static class GgufNames
{
    private const string HeadOfBlock = "transformer.h.", Block = "blk.";

    private static readonly (string HuggingFace, string Gguf)[] s_whole =
    [
        ("transformer.wte", "token_embd"), ("transformer.wpe", "position_embd"), ("transformer.ln_f", "output_norm"),
    ];

    private static readonly (string HuggingFace, string Gguf)[] s_block =
    [
        ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
        ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
    ];

    /// <summary>llama.cpp's name of a tensor that has Hugging Face's.</summary>
    public static string ToGguf(string name) => Translate(name, HeadOfBlock, Block, s_whole, s_block)
        ?? throw new ArgumentException($"'{name}' is no tensor of GPT-2.", nameof(name));

    /// <summary>Hugging Face's name of a tensor that has llama.cpp's, or null where GPT-2 has no such tensor.</summary>
    public static string? ToHuggingFace(string name) =>
        Translate(name, Block, HeadOfBlock, [.. s_whole.Select(p => (p.Gguf, p.HuggingFace))], [.. s_block.Select(p => (p.Gguf, p.HuggingFace))]);

    /// <summary>Whether Hugging Face keeps this matrix [in, out], where llama.cpp has [out, in].</summary>
    public static bool IsTransposed(string huggingFace) =>
        huggingFace.Contains(".c_", StringComparison.Ordinal) && huggingFace.EndsWith(".weight", StringComparison.Ordinal);

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
