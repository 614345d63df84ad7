using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>A float32 parameter and, where products are computed in another type, its copy in that type: cast once after each change, not at each use.</summary>
internal sealed class WeightCopy(Parameter master) : IDisposable
{
    private Tensor? _copy;
    private long _version = -1;

    /// <summary>The parameter itself.</summary>
    public Parameter Master => master;

    /// <summary>The values in a type; the result belongs to this object.</summary>
    public Tensor As(ScalarType type)
    {
        if (type == master.dtype) return master;
        long version = Aten.Version(master);
        if (_copy is null || _copy.dtype != type)
        {
            _copy?.Dispose();
            using var noGradient = no_grad();
            _copy = master.to(type).DetachFromDisposeScope();
        }
        else if (version != _version)
        {
            using var scope = NewDisposeScope(); // copy_ gives a new wrapper
            using var noGradient = no_grad();
            _copy.copy_(master);
        }
        _version = version;
        return _copy;
    }

    /// <inheritdoc/>
    public void Dispose() => _copy?.Dispose();
}
