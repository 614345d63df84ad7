namespace TorchLm.Tests.Model;

/// <summary>
/// Causal self-attention from rows (queries of all heads, keys and values of the heads that have their own) to rows of the heads' results: query
/// head h looks at key head h / (heads / keyHeads), and at no more than the last <c>window</c> positions, its own included.
/// </summary>
internal sealed class ReferenceAttention(int heads, int keyHeads, int headSize, int window) : IReferenceLayer
{
    private readonly int _rowSize = (heads + 2 * keyHeads) * headSize;
    private readonly double _scale = 1 / Math.Sqrt(headSize);
    private double[] _qkv = [];
    private double[][][] _shares = [];

    /// <summary>[head][query position][key position up to it], of the last <see cref="Forward"/>.</summary>
    public double[][][] Shares => _shares;

    public double[] Forward(double[] x)
    {
        _qkv = x;
        int rows = x.Length / _rowSize;
        var y = new double[rows * heads * headSize];
        _shares = new double[heads][][];
        for (int h = 0; h < heads; h++)
        {
            _shares[h] = new double[rows][];
            for (int t = 0; t < rows; t++)
            {
                IEnumerable<double> scores = Enumerable.Range(0, t + 1)
                    .Select(s => Sees(t, s) ? _scale * Dot(Query(h, t), Key(h, s)) : double.NegativeInfinity);
                _shares[h][t] = Softmax([.. scores]);
                for (int s = 0; s <= t; s++)
                {
                    for (int d = 0; d < headSize; d++) y[(t * heads + h) * headSize + d] += _shares[h][t][s] * x[Value(h, s) + d];
                }
            }
        }
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        var dx = new double[_qkv.Length];
        for (int h = 0; h < heads; h++)
        {
            for (int t = 0; t < _shares[h].Length; t++)
            {
                double[] share = _shares[h][t], dShare = new double[t + 1];
                int dy = (t * heads + h) * headSize;
                for (int s = 0; s <= t; s++)
                {
                    for (int d = 0; d < headSize; d++)
                    {
                        dShare[s] += outputGradient[dy + d] * _qkv[Value(h, s) + d];
                        dx[Value(h, s) + d] += share[s] * outputGradient[dy + d];
                    }
                }
                double mean = share.Zip(dShare, (p, dp) => p * dp).Sum();
                for (int s = 0; s <= t; s++)
                {
                    double dScore = _scale * share[s] * (dShare[s] - mean);
                    for (int d = 0; d < headSize; d++)
                    {
                        dx[Query(h, t) + d] += dScore * _qkv[Key(h, s) + d];
                        dx[Key(h, s) + d] += dScore * _qkv[Query(h, t) + d];
                    }
                }
            }
        }
        return dx;
    }

    public static double[] Softmax(double[] scores)
    {
        double highest = scores.Max();
        double[] weights = [.. scores.Select(s => Math.Exp(s - highest))];
        double total = weights.Sum();
        return [.. weights.Select(w => w / total)];
    }

    private bool Sees(int query, int key) => window == 0 || query - key < window;

    private int Query(int head, int t) => t * _rowSize + head * headSize;

    private int Key(int head, int t) => t * _rowSize + (heads + head / (heads / keyHeads)) * headSize;

    private int Value(int head, int t) => Key(head, t) + keyHeads * headSize;

    private double Dot(int a, int b)
    {
        double sum = 0;
        for (int d = 0; d < headSize; d++) sum += _qkv[a + d] * _qkv[b + d];
        return sum;
    }
}
