using TorchLm.Core.Kernels;

namespace TorchLm.Tests.Kernels;

/// <summary>The definition of causal attention, one score after the other, in double precision.</summary>
internal static class AttentionDefinition
{
    public static (double[] Output, double[] LogSumExp) Forward(AttentionShape shape, float[] qkv)
    {
        var (batch, length, heads, size) = shape;
        var output = new double[batch * length * heads * size];
        var logSumExp = new double[batch * heads * length];
        for (int b = 0; b < batch; b++)
        {
            for (int h = 0; h < heads; h++)
            {
                for (int i = 0; i < length; i++)
                {
                    int first = First(shape, i);
                    var scores = new double[i + 1 - first];
                    for (int j = first; j <= i; j++)
                    {
                        scores[j - first] = shape.Scale * Dot(qkv, Row(shape, b, i, 0, h), qkv, Row(shape, b, j, 1, h), size);
                    }
                    double maximum = scores.Max(), sum = scores.Sum(s => Math.Exp(s - maximum));
                    logSumExp[(b * heads + h) * length + i] = maximum + Math.Log(sum);
                    int o = OutputRow(shape, b, i, h);
                    for (int j = first; j <= i; j++)
                    {
                        double p = Math.Exp(scores[j - first] - maximum) / sum;
                        for (int d = 0; d < size; d++) output[o + d] += p * qkv[Row(shape, b, j, 2, h) + d];
                    }
                }
            }
        }
        return (output, logSumExp);
    }

    public static double[] Backward(AttentionShape shape, float[] qkv, float[] output, float[] outputGradient, float[] logSumExp)
    {
        var (batch, length, heads, size) = shape;
        var gradient = new double[qkv.Length];
        for (int b = 0; b < batch; b++)
        {
            for (int h = 0; h < heads; h++)
            {
                for (int i = 0; i < length; i++)
                {
                    int q = Row(shape, b, i, 0, h), o = OutputRow(shape, b, i, h);
                    double mean = Dot(outputGradient, o, output, o, size);
                    for (int j = First(shape, i); j <= i; j++)
                    {
                        int k = Row(shape, b, j, 1, h), v = Row(shape, b, j, 2, h);
                        double p = Math.Exp(shape.Scale * Dot(qkv, q, qkv, k, size) - logSumExp[(b * heads + h) * length + i]);
                        double scoreGradient = p * (Dot(outputGradient, o, qkv, v, size) - mean) * shape.Scale;
                        for (int d = 0; d < size; d++)
                        {
                            gradient[q + d] += scoreGradient * qkv[k + d];
                            gradient[k + d] += scoreGradient * qkv[q + d];
                            gradient[v + d] += p * outputGradient[o + d];
                        }
                    }
                }
            }
        }
        return gradient;
    }

    /// <summary>The first position that one sees.</summary>
    private static int First(AttentionShape shape, int position) => shape.Window == 0 ? 0 : Math.Max(0, position - shape.Window + 1);

    private static int Row(AttentionShape shape, int batch, int position, int part, int head)
    {
        int keyHead = head / (shape.Heads / shape.KeyHeads), heads = shape.Heads + 2 * shape.KeyHeads;
        int at = part switch { 0 => head, 1 => shape.Heads + keyHead, _ => shape.Heads + shape.KeyHeads + keyHead };
        return ((batch * shape.Length + position) * heads + at) * shape.HeadSize;
    }

    private static int OutputRow(AttentionShape shape, int batch, int position, int head) =>
        ((batch * shape.Length + position) * shape.Heads + head) * shape.HeadSize;

    private static double Dot(float[] left, int leftStart, float[] right, int rightStart, int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += (double)left[leftStart + i] * right[rightStart + i];
        return sum;
    }
}
