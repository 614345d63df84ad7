namespace TorchLm.Tests.Model;

/// <summary>
/// A convolution over positions, channel by channel: row t of the result is the sum of rows t - k of the input, each channel times the weight (k, channel);
/// rows before the sequence are zero.
/// </summary>
internal sealed class ReferenceConvolution(ReferenceParameters parameters, string name, int channels) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        double[] weight = parameters.Value(name + ".weight");
        var y = new double[x.Length];
        foreach ((int to, int from, int at) in Terms(x.Length, weight.Length)) y[to] += weight[at] * x[from];
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        double[] weight = parameters.Value(name + ".weight"), dWeight = parameters.Gradient(name + ".weight"), dx = new double[_x.Length];
        foreach ((int to, int from, int at) in Terms(_x.Length, weight.Length))
        {
            dx[from] += weight[at] * outputGradient[to];
            dWeight[at] += _x[from] * outputGradient[to];
        }
        return dx;
    }

    /// <summary>Which element of the result gets which of the input, times which weight.</summary>
    private IEnumerable<(int To, int From, int Weight)> Terms(int elements, int weights) =>
        from to in Enumerable.Range(0, elements)
        from k in Enumerable.Range(0, weights / channels)
        where to - (k * channels) >= 0
        select (to, to - (k * channels), (k * channels) + (to % channels));
}
