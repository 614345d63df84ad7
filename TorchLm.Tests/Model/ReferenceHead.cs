using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Model;

/// <summary>From hidden states to logits, through a soft cap where there is one, and to their cross-entropy.</summary>
internal sealed class ReferenceHead(ModelConfig config, ReferenceParameters parameters)
{
    private readonly int _c = config.EmbeddingSize, _v = config.VocabularySize;
    private readonly double _multiplier = config.BaseWidth == 0 ? 1 : config.BaseWidth / (double)config.EmbeddingSize; // of logits
    private readonly string _weight = config.TiedHead ? "tokens.weight" : "head.weight";

    /// <summary>T rows of C to T rows of V.</summary>
    public double[] Logits(double[] hidden) =>
        [.. Products(hidden).Select(x => config.LogitSoftCap > 0 ? config.LogitSoftCap * Math.Tanh(x / config.LogitSoftCap) : x)];

    public IEnumerable<double> CrossEntropies(double[] logits, long[] targets) =>
        targets.Select((target, t) => LogZ(Row(logits, t)) - Row(logits, t)[target]);

    /// <summary>log² Σ exp of each row.</summary>
    public IEnumerable<double> SquaredLogZ(double[] logits) => Enumerable.Range(0, logits.Length / _v).Select(t => Math.Pow(LogZ(Row(logits, t)), 2));

    /// <summary>
    /// The hidden states' gradient of <paramref name="weight"/> · (cross-entropies + <paramref name="zLoss"/> · log² Σ exp); that of the head is
    /// added to.
    /// </summary>
    public double[] Backward(double[] hidden, long[] targets, double weight, double zLoss)
    {
        double[] w = parameters.Value(_weight), dw = parameters.Gradient(_weight), products = Products(hidden), logits = Logits(hidden);
        var dHidden = new double[hidden.Length];
        for (int t = 0; t < targets.Length; t++)
        {
            double[] shares = ReferenceAttention.Softmax(Row(logits, t));
            double logZ = LogZ(Row(logits, t));
            for (int j = 0; j < _v; j++)
            {
                double d = weight * (shares[j] - (targets[t] == j ? 1 : 0) + zLoss * 2 * logZ * shares[j]);
                if (config.LogitSoftCap > 0) d /= Math.Pow(Math.Cosh(products[t * _v + j] / config.LogitSoftCap), 2); // tanh' = 1 / cosh²
                d *= _multiplier;
                for (int k = 0; k < _c; k++)
                {
                    dHidden[t * _c + k] += d * w[j * _c + k];
                    dw[j * _c + k] += d * hidden[t * _c + k];
                }
            }
        }
        return dHidden;
    }

    private double[] Products(double[] hidden)
    {
        double[] w = parameters.Value(_weight);
        var products = new double[hidden.Length / _c * _v];
        for (int i = 0; i < products.Length; i++)
        {
            for (int k = 0; k < _c; k++) products[i] += _multiplier * hidden[i / _v * _c + k] * w[i % _v * _c + k];
        }
        return products;
    }

    private double[] Row(double[] logits, int t) => logits[(t * _v)..((t + 1) * _v)];

    private static double LogZ(double[] row)
    {
        double highest = row.Max();
        return highest + Math.Log(row.Sum(x => Math.Exp(x - highest)));
    }
}
