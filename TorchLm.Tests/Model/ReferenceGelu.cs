namespace TorchLm.Tests.Model;

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
