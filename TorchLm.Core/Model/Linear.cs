using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>y = x·Wᵀ + b, with W of shape (out, in).</summary>
/// <remarks>
/// TorchSharp's own Linear draws its initial weights from the process-wide random generator, only for them to be overwritten here; this one leaves that
/// generator alone, so that a model depends on its seed and nothing else.
/// </remarks>
internal sealed class Linear : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly MasterWeight _weight;
    private readonly MasterWeight? _bias;

    /// <param name="weight">W (out, in), which the module takes over.</param>
    /// <param name="bias">b (out), which the module takes over; null is none.</param>
    public Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
    {
        (this.weight, this.bias) = (weight, bias);
        (_weight, _bias) = (new MasterWeight(weight), bias is null ? null : new MasterWeight(bias));
        RegisterComponents();
    }

    /// <summary>(…, in) to (…, out), computed in x's type.</summary>
    public override Tensor forward(Tensor x) => LinearOperation.Apply(x, _weight, _bias);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _weight.Dispose();
            _bias?.Dispose();
        }
        base.Dispose(disposing);
    }
}
