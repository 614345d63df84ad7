using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// Makes a model's parameters. Values are drawn on the CPU from a generator of their own, so that a seed gives the same model on every device and
/// whatever else the process draws.
/// </summary>
internal sealed class InitialWeights(long seed, Device device) : IDisposable
{
    private readonly Generator _generator = new((ulong)seed);

    /// <summary>N(0, deviation²), shape (rows, columns); rows beyond that up to <paramref name="paddedRows"/> are zero.</summary>
    public Parameter Normal(double deviation, int rows, int columns, int paddedRows = 0)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor values = randn([rows, columns], generator: _generator).Times(deviation);
        if (paddedRows > rows) values = cat([values, zeros(paddedRows - rows, columns)]);
        return Own(values);
    }

    /// <summary>Zeros, shape (length).</summary>
    public Parameter Zeros(int length)
    {
        using var scope = NewDisposeScope();
        return Own(zeros(length));
    }

    /// <summary>Ones, shape (length).</summary>
    public Parameter Ones(int length)
    {
        using var scope = NewDisposeScope();
        return Own(ones(length));
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();

    private Parameter Own(Tensor values) => (Parameter)new Parameter(values.to(device)).DetachFromDisposeScope();
}
