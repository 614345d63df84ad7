namespace TorchLm.Tests.Model;

/// <summary>The parameters of a <see cref="ReferenceGpt"/> under the model's own names, and their gradients; row-major.</summary>
internal sealed class ReferenceParameters(IReadOnlyDictionary<string, double[]> values)
{
    private readonly Dictionary<string, double[]> _gradients = values.ToDictionary(v => v.Key, v => new double[v.Value.Length]);

    public IReadOnlyDictionary<string, double[]> Values => values;

    public IReadOnlyDictionary<string, double[]> Gradients => _gradients;

    public double[] Value(string name) => values[name];

    public double[]? OptionalValue(string name) => values.GetValueOrDefault(name);

    public double[] Gradient(string name) => _gradients[name];
}

/// <summary>A layer that maps T rows to T rows and remembers what its own gradient needs.</summary>
internal interface IReferenceLayer
{
    double[] Forward(double[] x);

    /// <summary>Takes the loss's gradient by the output, adds to the parameters' gradients, gives the gradient by the input.</summary>
    double[] Backward(double[] outputGradient);
}

/// <summary>y = x·Wᵀ + b.</summary>
internal sealed class ReferenceLinear(ReferenceParameters parameters, string name, int inputs, int outputs) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        double[] w = parameters.Value(name + ".weight");
        double[]? b = parameters.OptionalValue(name + ".bias");
        int rows = x.Length / inputs;
        var y = new double[rows * outputs];
        for (int t = 0; t < rows; t++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double sum = b?[o] ?? 0;
                for (int i = 0; i < inputs; i++) sum += x[t * inputs + i] * w[o * inputs + i];
                y[t * outputs + o] = sum;
            }
        }
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        double[] w = parameters.Value(name + ".weight"), dw = parameters.Gradient(name + ".weight");
        double[]? db = parameters.OptionalValue(name + ".bias") is null ? null : parameters.Gradient(name + ".bias");
        var dx = new double[_x.Length];
        for (int t = 0; t < _x.Length / inputs; t++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double dy = outputGradient[t * outputs + o];
                if (db is not null) db[o] += dy;
                for (int i = 0; i < inputs; i++)
                {
                    dw[o * inputs + i] += dy * _x[t * inputs + i];
                    dx[t * inputs + i] += dy * w[o * inputs + i];
                }
            }
        }
        return dx;
    }
}

/// <summary>LayerNorm over the channels with PyTorch's default epsilon (Ba et al. 2016).</summary>
internal sealed class ReferenceLayerNorm(ReferenceParameters parameters, string name, int channels) : IReferenceLayer
{
    private const double Epsilon = 1e-5;

    private double[] _normalised = [], _inverseDeviation = [];

    public double[] Forward(double[] x)
    {
        double[] gain = parameters.Value(name + ".weight");
        double[]? bias = parameters.OptionalValue(name + ".bias");
        int rows = x.Length / channels;
        var y = new double[x.Length];
        (_normalised, _inverseDeviation) = (new double[x.Length], new double[rows]);
        for (int t = 0; t < rows; t++)
        {
            double[] row = x[(t * channels)..((t + 1) * channels)];
            double mean = row.Average(), variance = row.Average(v => (v - mean) * (v - mean));
            _inverseDeviation[t] = 1 / Math.Sqrt(variance + Epsilon);
            for (int c = 0; c < channels; c++)
            {
                _normalised[t * channels + c] = (row[c] - mean) * _inverseDeviation[t];
                y[t * channels + c] = _normalised[t * channels + c] * gain[c] + (bias?[c] ?? 0);
            }
        }
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        double[] gain = parameters.Value(name + ".weight"), dGain = parameters.Gradient(name + ".weight");
        double[]? dBias = parameters.OptionalValue(name + ".bias") is null ? null : parameters.Gradient(name + ".bias");
        var dx = new double[outputGradient.Length];
        for (int t = 0; t < _inverseDeviation.Length; t++)
        {
            double meanOfD = 0, meanOfDTimesNormalised = 0;
            for (int c = 0; c < channels; c++)
            {
                int at = t * channels + c;
                dGain[c] += outputGradient[at] * _normalised[at];
                if (dBias is not null) dBias[c] += outputGradient[at];
                meanOfD += outputGradient[at] * gain[c] / channels;
                meanOfDTimesNormalised += outputGradient[at] * gain[c] * _normalised[at] / channels;
            }
            for (int c = 0; c < channels; c++)
            {
                int at = t * channels + c;
                dx[at] = _inverseDeviation[t] * (outputGradient[at] * gain[c] - meanOfD - _normalised[at] * meanOfDTimesNormalised);
            }
        }
        return dx;
    }
}

/// <summary>GELU (Hendrycks and Gimpel 2016), exact or in its tanh form.</summary>
internal sealed class ReferenceGelu(bool tanhForm) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        return [.. x.Select(v => v * Gate(v))];
    }

    public double[] Backward(double[] outputGradient) => [.. _x.Select((v, i) => outputGradient[i] * (Gate(v) + v * GateSlope(v)))];

    private static double Inner(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    private double Gate(double x) => tanhForm ? 0.5 * (1 + Math.Tanh(Inner(x))) : 0.5 * (1 + Erf(x / Math.Sqrt(2)));

    private double GateSlope(double x)
    {
        if (!tanhForm) return Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        double tanh = Math.Tanh(Inner(x));
        return 0.5 * (1 - tanh * tanh) * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }

    /// <summary>The error function by the series whose terms all have one sign (Abramowitz and Stegun 7.1.6), to double precision.</summary>
    internal static double Erf(double x)
    {
        if (Math.Abs(x) > 6) return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}

/// <summary>Causal self-attention from rows (query, key, value), each of <c>channels</c>, to rows of <c>channels</c>.</summary>
internal sealed class ReferenceAttention(int channels, int heads) : IReferenceLayer
{
    private readonly int _headSize = channels / heads;
    private readonly double _scale = 1 / Math.Sqrt((double)channels / heads);
    private double[] _qkv = [];
    private double[][][] _shares = [];

    /// <summary>[head][query position][key position up to it], of the last <see cref="Forward"/>.</summary>
    public double[][][] Shares => _shares;

    public double[] Forward(double[] x)
    {
        _qkv = x;
        int rows = x.Length / (3 * channels);
        var y = new double[rows * channels];
        _shares = new double[heads][][];
        for (int h = 0; h < heads; h++)
        {
            _shares[h] = new double[rows][];
            for (int t = 0; t < rows; t++)
            {
                double[] scores = [.. Enumerable.Range(0, t + 1).Select(s => _scale * Dot(Query(h, t), Key(h, s)))];
                _shares[h][t] = Softmax(scores);
                for (int s = 0; s <= t; s++)
                {
                    for (int d = 0; d < _headSize; d++) y[t * channels + h * _headSize + d] += _shares[h][t][s] * x[Value(h, s) + d];
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
                int dy = t * channels + h * _headSize;
                for (int s = 0; s <= t; s++)
                {
                    for (int d = 0; d < _headSize; d++)
                    {
                        dShare[s] += outputGradient[dy + d] * _qkv[Value(h, s) + d];
                        dx[Value(h, s) + d] += share[s] * outputGradient[dy + d];
                    }
                }
                double mean = share.Zip(dShare, (p, dp) => p * dp).Sum();
                for (int s = 0; s <= t; s++)
                {
                    double dScore = _scale * share[s] * (dShare[s] - mean);
                    for (int d = 0; d < _headSize; d++)
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

    private int Query(int head, int t) => t * 3 * channels + head * _headSize;

    private int Key(int head, int t) => Query(head, t) + channels;

    private int Value(int head, int t) => Query(head, t) + 2 * channels;

    private double Dot(int a, int b)
    {
        double sum = 0;
        for (int d = 0; d < _headSize; d++) sum += _qkv[a + d] * _qkv[b + d];
        return sum;
    }
}
