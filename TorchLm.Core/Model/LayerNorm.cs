using TorchLm.Core.Configuration;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>LayerNorm (Ba, Kiros and Hinton 2016): from the residual stream's float32 to the type that the following products compute in.</summary>
internal sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly ScalarType _type;

    public LayerNorm(int channels, InitialWeights initial, bool hasBias, ScalarType type) : base(nameof(LayerNorm))
    {
        weight = initial.Ones(channels);
        bias = hasBias ? initial.Zeros(channels) : null;
        _type = type;
        RegisterComponents();
    }

    /// <summary>(…, C) float32 to (…, C).</summary>
    public override Tensor forward(Tensor x) => LayerNormOperation.Apply(x, weight, bias, ModelConfig.LayerNormEpsilon, _type);
}
