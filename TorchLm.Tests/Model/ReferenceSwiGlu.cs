namespace TorchLm.Tests.Model;

/// <summary>From rows of gates and values, <c>width</c> each, to rows of gate · σ(gate) · value (Shazeer 2020).</summary>
internal sealed class ReferenceSwiGlu(int width) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        var y = new double[x.Length / 2];
        for (int i = 0; i < y.Length; i++) y[i] = x[Gate(i)] * Sigmoid(x[Gate(i)]) * x[Gate(i) + width];
        return y;
    }

    public double[] Backward(double[] outputGradient)
    {
        var dx = new double[_x.Length];
        for (int i = 0; i < outputGradient.Length; i++)
        {
            double gate = _x[Gate(i)], sigmoid = Sigmoid(gate), value = _x[Gate(i) + width];
            dx[Gate(i)] = outputGradient[i] * value * (sigmoid + gate * sigmoid * (1 - sigmoid));
            dx[Gate(i) + width] = outputGradient[i] * gate * sigmoid;
        }
        return dx;
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private int Gate(int output) => output / width * 2 * width + output % width;
}
