using TorchLm.Core.Configuration;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// The position-wise feed-forward network: C to F, an activation, back to C (Vaswani et al. 2017), where a gated one (Shazeer 2020) has gates and values,
/// F each.
/// </summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Linear expand;
    private readonly Linear project;
    private readonly Func<Tensor, Tensor> _activate;
    private readonly double _dropout;

    public Mlp(ModelConfig config, InitialWeights initial) : base(nameof(Mlp))
    {
        int c = config.EmbeddingSize, f = config.MlpWidth, inside = config.IsGated ? 2 * f : f;
        GELU.Approximate form = config.Gelu == "tanh" ? GELU.Approximate.tanh : GELU.Approximate.none;
        _activate = config.Mlp switch
        {
            ModelConfig.Relu2 => Relu2Operation.Apply,
            ModelConfig.SwiGlu => SwiGluOperation.Apply,
            _ => x => GeluOperation.Apply(x, form),
        };
        _dropout = config.Dropout;
        expand = new Linear(initial.Matrix(inside, c), config.Bias ? initial.Zeros(inside) : null);
        project = new Linear(initial.Projection(c, f), config.Bias ? initial.Zeros(c) : null);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x)
    {
        Tensor hidden = _activate(expand.forward(x));                              // (B, T, F)
        return nn.functional.dropout(project.forward(hidden), _dropout, training);
    }
}
