using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Export.Gguf;

/// <summary>
/// The order of rows within each head of a Llama's projections to queries and keys: Hugging Face turns row i with row i + D/2, llama.cpp's llama
/// neighbours (llama.cpp, convert_hf_to_gguf.py, LlamaModel.permute).
/// </summary>
internal static class RotaryRows
{
    /// <summary>The heads of a tensor whose rows are concerned, by its Hugging Face name; 0 for all others.</summary>
    public static int Heads(string name, ModelConfig config) => name.Contains(".self_attn.q_proj.", StringComparison.Ordinal) ? config.HeadCount
        : name.Contains(".self_attn.k_proj.", StringComparison.Ordinal) ? config.KeyValueHeads : 0;

    /// <summary>Rows in the order of llama.cpp: (H · D, in) or (H · D) of Hugging Face to the same shape, a new tensor.</summary>
    public static Tensor ToNeighbours(Tensor value, int heads) => Swap(value, heads, 2, value.shape[0] / heads / 2);

    /// <summary>The inverse.</summary>
    public static Tensor ToHalves(Tensor value, int heads) => Swap(value, heads, value.shape[0] / heads / 2, 2);

    private static Tensor Swap(Tensor value, int heads, long outer, long inner)
    {
        using var scope = NewDisposeScope();
        return value.reshape(heads, outer, inner, -1).transpose(1, 2).contiguous().view(value.shape).MoveToOuterDisposeScope();
    }
}
