using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Model;

/// <summary>Token vectors and what is added for their positions, normalised where the model does that.</summary>
internal sealed class ReferenceEmbedding(ModelConfig config, ReferenceParameters parameters)
{
    private readonly int _c = config.EmbeddingSize;
    private readonly IReferenceLayer? _norm = config.EmbeddingNorm ? ReferenceBlock.Norm(config, parameters, "embeddingNorm") : null;

    public double[] Forward(long[] ids)
    {
        double[] tokens = parameters.Value("tokens.weight");
        double[] x = [.. Enumerable.Range(0, ids.Length * _c).Select(i => tokens[ids[i / _c] * _c + i % _c] + Position(i / _c, i % _c))];
        return _norm is null ? x : _norm.Forward(x);
    }

    public void Backward(long[] ids, double[] outputGradient)
    {
        double[] dx = _norm is null ? outputGradient : _norm.Backward(outputGradient);
        for (int i = 0; i < dx.Length; i++)
        {
            parameters.Gradient("tokens.weight")[ids[i / _c] * _c + i % _c] += dx[i];
            if (config.Positions == "learned") parameters.Gradient("positions.weight")[i] += dx[i];
        }
    }

    /// <summary>
    /// Vaswani et al. 2017, 3.5: PE(p, 2i) = sin(p / 10000^(2i/C)) and PE(p, 2i + 1) = cos of the same, here times √2 · the initial deviation, so
    /// that their root mean square is that of the tokens' vectors.
    /// </summary>
    private double Position(int p, int channel)
    {
        if (config.Positions == "learned") return parameters.Value("positions.weight")[p * _c + channel];
        if (config.Positions != "sinusoidal") return 0;
        double angle = p / Math.Pow(10_000, channel / 2 * 2.0 / _c);
        return Math.Sqrt(2) * config.InitialDeviation * (channel % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
    }
}
