using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>A float32 parameter of matrix products with what belongs to it: its copy in the products' type, and its gradient's memory.</summary>
/// <remarks>
/// The copy is cast once after each change of the parameter, not at each use. The gradient's memory is kept from step to step: half a gigabyte that is
/// taken and given back between activations tears the heap into pieces (measured at 124M parameters: 0.4 GB).
/// </remarks>
internal sealed class MasterWeight(Parameter value) : IDisposable
{
    private Tensor? _copy, _gradient;
    private long _version = -1;

    /// <summary>The parameter itself.</summary>
    public Parameter Value => value;

    /// <summary>The values in a type; the result belongs to this object.</summary>
    public Tensor As(ScalarType type)
    {
        if (type == value.dtype) return value;
        long version = Aten.Version(value);
        if (_copy is null || _copy.dtype != type)
        {
            _copy?.Dispose();
            using var noGradient = no_grad();
            _copy = value.to(type).DetachFromDisposeScope();
        }
        else if (version != _version)
        {
            using var noGradient = no_grad();
            _copy.copy_(value);
        }
        _version = version;
        return _copy;
    }

    /// <summary>Adds aᵀ·b to the parameter's <c>grad</c>, or makes it that, for a (rows, out) and b (rows, in) of one type.</summary>
    public void AddGradient(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor transposed = a.t();
        Tensor? existing = value.grad;
        if (existing is null) _gradient ??= empty_like(value, requires_grad: false).DetachFromDisposeScope();
        Tensor gradient = existing ?? _gradient!;
        if (b.dtype == value.dtype) gradient.addmm_(transposed, b, beta: existing is null ? 0 : 1);
        else if (existing is null) gradient.copy_(transposed.mm(b));
        else gradient.Accumulate(transposed.mm(b));
        if (existing is null) value.grad = gradient;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _copy?.Dispose();
        _gradient?.Dispose();
    }
}
