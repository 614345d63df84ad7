using TorchLm.Core.Configuration;

namespace TorchLm.Core.Model;

/// <summary>Positions that need no learning (Vaswani et al. 2017, 3.5): channel 2i is sin(p / 10000^(2i/C)), channel 2i + 1 the cosine.</summary>
public static class SinusoidalPositions
{
    /// <summary>(T, C), row after row.</summary>
    public static float[] Table(ModelConfig config)
    {
        int c = config.EmbeddingSize;
        float[] table = new float[config.ContextLength * c];
        for (int i = 0; i < table.Length; i += 2)
        {
            (int position, int channel) = Math.DivRem(i, c);
            (double sine, double cosine) = Math.SinCos(position * Math.Pow(10_000, -(double)channel / c));
            // Of the embeddings' size rather than of a root mean square of √½, which embeddings of 0.02 could not be told from noise beside.
            (table[i], table[i + 1]) = ((float)(sine * Scale(config)), (float)(cosine * Scale(config)));
        }
        return table;
    }

    /// <summary>Vaswani et al. multiply embeddings by √C instead.</summary>
    private static double Scale(ModelConfig config) => config.InitialDeviation * Math.Sqrt(2);
}
