using TorchLm.Core;
using static TorchSharp.torch;

namespace TorchLm.Export;

/// <summary>Weights in the type that they are exported in.</summary>
internal static class TensorCast
{
    /// <summary>A float32 tensor in another floating-point type; the same object where it is that type already.</summary>
    /// <param name="value">The values.</param>
    /// <param name="type">float32, float16 or bfloat16.</param>
    /// <param name="name">The tensor's name, for messages.</param>
    /// <exception cref="InputException">A finite value would become infinite.</exception>
    public static Tensor To(Tensor value, ScalarType type, string name)
    {
        if (value.dtype == type) return value;
        Tensor result = value.to(type);
        // Only float16 has a smaller range than float32: 65,504.
        if (type == ScalarType.Float16) RequireRange(value, name);
        return result;
    }

    private static void RequireRange(Tensor value, string name)
    {
        using var scope = NewDisposeScope();
        float highest = value.numel() == 0 ? 0 : value.abs().max().to(ScalarType.Float32).item<float>();
        if (float.IsFinite(highest) && highest > 65504)
        {
            throw new InputException($"The tensor '{name}' holds values up to {highest:0.#}, and fp16 ends at 65504: export in bf16 or fp32.");
        }
    }
}
