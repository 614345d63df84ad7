using TorchLm.Core.Configuration;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>LayerNorm (Ba, Kiros and Hinton 2016) or RMSNorm (Zhang and Sennrich 2019) of the residual stream's float32.</summary>
internal sealed class Norm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter? weight;
    private readonly Parameter? bias;
    private readonly bool _centered;
    private readonly double _epsilon;
    private readonly ScalarType _type;

    /// <param name="config">Which norm.</param>
    /// <param name="initial">Where initial values come from.</param>
    /// <param name="type">The result's type: that of the products that follow.</param>
    public Norm(ModelConfig config, InitialWeights initial, ScalarType type) : base(nameof(Norm))
    {
        _centered = config.Norm == ModelConfig.LayerNorm;
        weight = config.NormGain ? initial.Ones(config.EmbeddingSize) : null;
        bias = config.Bias && _centered ? initial.Zeros(config.EmbeddingSize) : null;
        (_epsilon, _type) = (config.NormEpsilon, type);
        RegisterComponents();
    }

    /// <summary>(…, C) float32 to (…, C).</summary>
    public override Tensor forward(Tensor x) => NormOperation.Apply(x, weight, bias, _epsilon, _centered, _type);
}
