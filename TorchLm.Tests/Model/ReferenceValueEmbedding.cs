namespace TorchLm.Tests.Model;

/// <summary>Adds to the last <c>width</c> channels of each row (the values) a share of the token's vector.</summary>
internal sealed class ReferenceValueEmbedding(ReferenceParameters parameters, string name, int rowSize, int width) : IReferenceLayer
{
    /// <summary>The tokens of the sequence that comes next.</summary>
    public long[] Ids { get; set; } = [];

    public double[] Forward(double[] x)
    {
        double[] table = parameters.Value(name + ".embedding.weight"), y = [.. x];
        double share = parameters.Value(name + ".share")[0];
        for (int t = 0; t < Ids.Length; t++)
        {
            for (int i = 0; i < width; i++) y[At(t, i)] += share * table[Ids[t] * width + i];
        }
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        double[] table = parameters.Value(name + ".embedding.weight"), dTable = parameters.Gradient(name + ".embedding.weight");
        double[] share = parameters.Value(name + ".share"), dShare = parameters.Gradient(name + ".share");
        for (int t = 0; t < Ids.Length; t++)
        {
            for (int i = 0; i < width; i++)
            {
                double dy = outputGradient[At(t, i)];
                dTable[Ids[t] * width + i] += share[0] * dy;
                dShare[0] += table[Ids[t] * width + i] * dy;
            }
        }
        return outputGradient;
    }

    private int At(int t, int i) => (t + 1) * rowSize - width + i;
}
