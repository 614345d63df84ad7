using TorchLm.Core.Configuration;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>The position-wise feed-forward network: C to 4C, GELU (Hendrycks and Gimpel 2016), back to C.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Linear expand;
    private readonly Linear project;
    private readonly GELU.Approximate _gelu;
    private readonly double _dropout;

    public Mlp(ModelConfig config, InitialWeights initial) : base(nameof(Mlp))
    {
        int c = config.EmbeddingSize;
        _gelu = config.Gelu == "tanh" ? GELU.Approximate.tanh : GELU.Approximate.none;
        _dropout = config.Dropout;
        expand = new Linear(c, 4 * c, Gpt.InitialDeviation, initial, config.Bias);
        project = new Linear(4 * c, c, Gpt.ResidualDeviation(config), initial, config.Bias);
        RegisterComponents();
    }

    /// <summary>(B, T, C) to (B, T, C).</summary>
    public override Tensor forward(Tensor x)
    {
        Tensor hidden = GeluOperation.Apply(expand.forward(x), _gelu);              // (B, T, 4C)
        return nn.functional.dropout(project.forward(hidden), _dropout, training);
    }
}
