namespace TorchLm.Core.Native;

/// <summary>libtorch's ways to compute scaled dot-product attention (at::SDPBackend).</summary>
internal enum AttentionKernel
{
    /// <summary>None fits the tensors.</summary>
    None = -1,

    /// <summary>Products and a softmax one after another, with all T² scores in memory.</summary>
    Math = 0,

    /// <summary>FlashAttention (Dao 2023), on the CPU its counterpart.</summary>
    Flash = 1,

    /// <summary>Memory-efficient attention (Rabe and Staats 2021) of xFormers: float32 and older cards.</summary>
    Efficient = 2,

    /// <summary>cuDNN's.</summary>
    CuDnn = 3,

    /// <summary>Another device's own.</summary>
    Other = 4,
}
