namespace TorchLm.Tests.Model;

/// <summary>RMSNorm over the channels (Zhang and Sennrich 2019), y = gain · x / √(mean of x² + ε); the gain is 1 where there is none.</summary>
internal sealed class ReferenceRmsNorm(ReferenceParameters parameters, string name, int channels, double epsilon) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        double[]? gain = parameters.OptionalValue(name + ".weight");
        return [.. x.Select((value, i) => value / Root(x, i / channels) * (gain?[i % channels] ?? 1))];
    }

    /// <summary>With r the root and g the gradient times the gain: dx = g / r - x · Σ g·x / (C · r³).</summary>
    public double[] Backward(double[] outputGradient)
    {
        double[]? gain = parameters.OptionalValue(name + ".weight"), dGain = parameters.OptionalGradient(name + ".weight");
        var dx = new double[_x.Length];
        for (int t = 0; t < _x.Length / channels; t++)
        {
            double root = Root(_x, t), sum = 0;
            for (int i = t * channels; i < (t + 1) * channels; i++)
            {
                if (dGain is not null) dGain[i % channels] += outputGradient[i] * _x[i] / root;
                sum += outputGradient[i] * (gain?[i % channels] ?? 1) * _x[i];
            }
            for (int i = t * channels; i < (t + 1) * channels; i++)
            {
                dx[i] = outputGradient[i] * (gain?[i % channels] ?? 1) / root - _x[i] * sum / (channels * root * root * root);
            }
        }
        return dx;
    }

    private double Root(double[] x, int row) => Math.Sqrt(Enumerable.Range(row * channels, channels).Average(i => x[i] * x[i]) + epsilon);
}
