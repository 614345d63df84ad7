using TorchLm.Core.Configuration;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// Lets each channel of a position see the same channel of the few before it (Primer, So et al. 2021; Canon layers, Allen-Zhu 2025). It begins as the
/// identity.
/// </summary>
internal sealed class ShortConvolution : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight; // (width, C), row k for k positions earlier

    public ShortConvolution(ModelConfig config, InitialWeights initial) : base(nameof(ShortConvolution))
    {
        weight = initial.FirstRowOnes(config.ConvolutionWidth, config.EmbeddingSize);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x) => ShortConvolutionOperation.Apply(x, weight);

    /// <summary>The same where x continues what <paramref name="past"/> remembers: the inputs just before, (B, width - 1, C), which become those of x.</summary>
    public Tensor forward(Tensor x, Tensor? past)
    {
        if (past is null) return forward(x);
        long before = past.shape[1], t = x.shape[1];
        Tensor all = cat([past, x], 1);
        past.copy_(all.narrow(1, t, before));
        return forward(all).narrow(1, before, t);
    }
}
