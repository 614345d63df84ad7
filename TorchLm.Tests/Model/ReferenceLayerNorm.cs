namespace TorchLm.Tests.Model;

/// <summary>LayerNorm over the channels (Ba et al. 2016), with a gain and a bias where the parameters have them.</summary>
internal sealed class ReferenceLayerNorm(ReferenceParameters parameters, string name, int channels, double epsilon) : IReferenceLayer
{
    private double[] _normalised = [], _inverseDeviation = [];

    public double[] Forward(double[] x)
    {
        double[]? gain = parameters.OptionalValue(name + ".weight"), bias = parameters.OptionalValue(name + ".bias");
        int rows = x.Length / channels;
        var y = new double[x.Length];
        (_normalised, _inverseDeviation) = (new double[x.Length], new double[rows]);
        for (int t = 0; t < rows; t++)
        {
            double[] row = x[(t * channels)..((t + 1) * channels)];
            double mean = row.Average(), variance = row.Average(v => (v - mean) * (v - mean));
            _inverseDeviation[t] = 1 / Math.Sqrt(variance + epsilon);
            for (int c = 0; c < channels; c++)
            {
                _normalised[t * channels + c] = (row[c] - mean) * _inverseDeviation[t];
                y[t * channels + c] = _normalised[t * channels + c] * (gain?[c] ?? 1) + (bias?[c] ?? 0);
            }
        }
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        double[]? gain = parameters.OptionalValue(name + ".weight");
        double[]? dGain = parameters.OptionalGradient(name + ".weight"), dBias = parameters.OptionalGradient(name + ".bias");
        var dx = new double[outputGradient.Length];
        for (int t = 0; t < _inverseDeviation.Length; t++)
        {
            double meanOfD = 0, meanOfDTimesNormalised = 0;
            for (int c = 0; c < channels; c++)
            {
                int at = t * channels + c;
                if (dGain is not null) dGain[c] += outputGradient[at] * _normalised[at];
                if (dBias is not null) dBias[c] += outputGradient[at];
                meanOfD += outputGradient[at] * (gain?[c] ?? 1) / channels;
                meanOfDTimesNormalised += outputGradient[at] * (gain?[c] ?? 1) * _normalised[at] / channels;
            }
            for (int c = 0; c < channels; c++)
            {
                int at = t * channels + c;
                dx[at] = _inverseDeviation[t] * (outputGradient[at] * (gain?[c] ?? 1) - meanOfD - _normalised[at] * meanOfDTimesNormalised);
            }
        }
        return dx;
    }
}
