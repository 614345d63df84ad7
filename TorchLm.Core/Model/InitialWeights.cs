using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// Makes a model's parameters. Values are drawn on the CPU from a generator of their own, so that a seed gives the same model on every device and
/// whatever else the process draws.
/// </summary>
internal sealed class InitialWeights(ModelConfig config, long seed, Device device) : IDisposable
{
    private readonly Generator _generator = new((ulong)seed);
    private readonly double _matrixDeviation = config.InitialDeviation / Math.Sqrt(config.WidthRatio);

    /// <summary>A vector of C numbers for each id; rows beyond <paramref name="rows"/> up to <paramref name="paddedRows"/> are zero.</summary>
    public Parameter Embeddings(int rows, int channels, int paddedRows = 0) => Normal(config.InitialDeviation, rows, channels, paddedRows);

    /// <summary>A matrix of the blocks, (outputs, inputs).</summary>
    public Parameter Matrix(int outputs, int inputs) => Normal(_matrixDeviation, outputs, inputs);

    /// <summary>
    /// A matrix that writes to the residual stream: smaller, so that the stream's variance does not grow with depth (Radford et al. 2019), or zero.
    /// </summary>
    public Parameter Projection(int outputs, int inputs) =>
        Normal(config.ZeroInitProjections ? 0 : _matrixDeviation / Math.Sqrt(2.0 * config.LayerCount), outputs, inputs);

    /// <summary>An output head of its own, (V, C): as wide at every width, for what makes logits independent of it is their division.</summary>
    public Parameter Head() =>
        Normal(config.ZeroInitProjections ? 0 : config.InitialDeviation, config.VocabularySize, config.EmbeddingSize, config.PaddedVocabularySize);

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

    /// <summary>Ones in the first row and zeros in the others, shape (rows, columns).</summary>
    public Parameter FirstRowOnes(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        return Own(cat([ones(1, columns), zeros(rows - 1, columns)]));
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();

    /// <summary>N(0, deviation²), shape (rows, columns); rows beyond that up to <paramref name="paddedRows"/> are zero.</summary>
    private Parameter Normal(double deviation, int rows, int columns, int paddedRows = 0)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor values = randn([rows, columns], generator: _generator).Times(deviation);
        if (paddedRows > rows) values = cat([values, zeros(paddedRows - rows, columns)]);
        return Own(values);
    }

    private Parameter Own(Tensor values) => (Parameter)new Parameter(values.to(device)).DetachFromDisposeScope();
}
