namespace TorchLm.Tests.Model;

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
