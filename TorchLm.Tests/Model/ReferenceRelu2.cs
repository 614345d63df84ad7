namespace TorchLm.Tests.Model;

/// <summary>The positive part, squared (So et al. 2021).</summary>
internal sealed class ReferenceRelu2 : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        return [.. x.Select(v => v > 0 ? v * v : 0)];
    }

    public double[] Backward(double[] outputGradient) => [.. _x.Select((v, i) => v > 0 ? 2 * v * outputGradient[i] : 0)];
}
