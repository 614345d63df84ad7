using static TorchSharp.torch;

namespace TorchLm.Core.Kernels;

/// <summary>The parts of a training step that have kernels of our own on the CPU.</summary>
[Flags]
public enum CpuKernel
{
    /// <summary>No part.</summary>
    None = 0,

    /// <summary>Causal attention.</summary>
    Attention = 1,

    /// <summary>GELU's tanh form.</summary>
    Gelu = 2,

    /// <summary>LayerNorm and RMSNorm.</summary>
    LayerNorm = 4,

    /// <summary>Softmax, cross-entropy and its gradient.</summary>
    CrossEntropy = 8,

    /// <summary>The gradients of linear layers' biases.</summary>
    Bias = 16,

    /// <summary>The gradients of embeddings.</summary>
    Embedding = 32,

    /// <summary>Rotary positions, and the norm of queries and keys.</summary>
    Rotary = 64,

    /// <summary>The squared positive part.</summary>
    Relu2 = 128,

    /// <summary>SwiGLU.</summary>
    SwiGlu = 256,

    /// <summary>Short convolutions.</summary>
    Convolution = 512,
}

/// <summary>Which of them are used: all, unless a measurement or a test leaves some out and libtorch's operations take their place.</summary>
public static class CpuKernels
{
    /// <summary>What the calling thread leaves out.</summary>
    [field: ThreadStatic]
    public static CpuKernel Without { get; set; }

    /// <summary>Whether a part's kernel is used for a tensor.</summary>
    internal static bool Serve(CpuKernel part, Tensor tensor) =>
        (Without & part) == 0 && tensor.device_type == TorchSharp.DeviceType.CPU && Element.IsKnown(tensor.dtype);
}
