using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// The angles that queries and keys are turned by (RoFormer, Su et al. 2021): at position p, channels i and i + D/2 by p / (scale · base^(2i/D)). Halves
/// rather than neighbours are paired, as in GPT-NeoX and Hugging Face's Llama.
/// </summary>
internal sealed class RotaryPositions : IDisposable
{
    private readonly Tensor _cosines, _sines; // (T, D/2)

    public RotaryPositions(ModelConfig config, Device device)
    {
        int half = config.HeadSize / 2;
        float[] cosines = new float[config.ContextLength * half], sines = new float[cosines.Length];
        for (int i = 0; i < cosines.Length; i++)
        {
            (int position, int channel) = Math.DivRem(i, half);
            (double sine, double cosine) = Math.SinCos(Angle(config, position, channel));
            (cosines[i], sines[i]) = ((float)cosine, (float)sine);
        }
        _cosines = Table(cosines);
        _sines = Table(sines);

        Tensor Table(float[] values) => tensor(values, [config.ContextLength, half], device: device).DetachFromDisposeScope();
    }

    /// <summary>The angle of a pair of channels at a position, in radians.</summary>
    public static double Angle(ModelConfig config, int position, int channel) =>
        position / config.RopeScale * Math.Pow(config.RopeBase, -2.0 * channel / config.HeadSize);

    /// <summary>Cosines and sines from position <paramref name="first"/> on, (count, D/2) float32. The views belong to the current scope.</summary>
    public (Tensor Cosines, Tensor Sines) From(int first, int count) => (_cosines.narrow(0, first, count), _sines.narrow(0, first, count));

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }
}
