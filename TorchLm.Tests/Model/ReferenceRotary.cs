using System.Numerics;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Model;

/// <summary>
/// Rotary positions (Su et al. 2021) of a row's first heads (queries and keys): channels i and i + D/2 are the parts of a complex number, which at
/// position p is multiplied by the e^{iθ} with θ = p / (scale · base^(2i/D)).
/// </summary>
internal sealed class ReferenceRotary(ModelConfig config) : IReferenceLayer
{
    private readonly int _headSize = config.EmbeddingSize / config.HeadCount;
    private readonly int _turned = config.HeadCount + KeyHeads(config), _heads = config.HeadCount + 2 * KeyHeads(config);

    public double[] Forward(double[] x) => Turn(x, 1);

    /// <summary>A rotation's transpose is the rotation back.</summary>
    public double[] Backward(double[] outputGradient) => Turn(outputGradient, -1);

    private static int KeyHeads(ModelConfig config) => config.KeyValueHeadCount == 0 ? config.HeadCount : config.KeyValueHeadCount;

    private double[] Turn(double[] x, int direction)
    {
        double[] y = [.. x];
        int half = _headSize / 2;
        for (int head = 0; head < x.Length / _headSize; head++)
        {
            if (head % _heads >= _turned) continue;
            for (int i = 0; i < half; i++)
            {
                int real = head * _headSize + i;
                double angle = head / _heads / (config.RopeScale * Math.Pow(config.RopeBase, (double)(2 * i) / _headSize));
                Complex turned = new Complex(x[real], x[real + half]) * Complex.Exp(direction * angle * Complex.ImaginaryOne);
                (y[real], y[real + half]) = (turned.Real, turned.Imaginary);
            }
        }
        return y;
    }
}
