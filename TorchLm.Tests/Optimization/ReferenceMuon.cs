using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Optimization;

/// <summary>Muon as its authors' code has it (Jordan et al. 2024), on plain arrays in double precision, for one matrix.</summary>
internal sealed class ReferenceMuon(OptimizerConfig config, double[,] weights)
{
    private readonly double[,] _momentum = new double[weights.GetLength(0), weights.GetLength(1)];

    public double[,] Weights => weights;

    public double[,] Momentum => _momentum;

    /// <summary>Makes an update at a rate and momentum.</summary>
    public void Step(double[,] gradient, double rate, double momentum)
    {
        (int rows, int columns) = (weights.GetLength(0), weights.GetLength(1));
        var update = new double[rows, columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                _momentum[i, j] = momentum * _momentum[i, j] + gradient[i, j];
                update[i, j] = gradient[i, j] + momentum * _momentum[i, j];
            }
        }
        double[,] orthogonal = Orthogonal(update, config.NewtonSchulzSteps);
        double scale = Math.Sqrt(Math.Max(1, (double)rows / columns));
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                bool decays = !config.Cautious || orthogonal[i, j] * weights[i, j] >= 0;
                weights[i, j] -= rate * (scale * orthogonal[i, j] + (decays ? config.WeightDecay * weights[i, j] : 0));
            }
        }
    }

    /// <summary>Newton and Schulz's iteration in its plain form.</summary>
    public static double[,] Orthogonal(double[,] x, int steps)
    {
        if (x.GetLength(0) > x.GetLength(1)) return Transposed(Orthogonal(Transposed(x), steps));
        double norm = Math.Sqrt(x.Cast<double>().Sum(v => v * v));
        x = Combine(x, x, 1 / norm, 0);
        for (int i = 0; i < steps; i++)
        {
            double[,] a = Product(x, Transposed(x)), b = Combine(a, Product(a, a), -4.7750, 2.0315);
            x = Combine(x, Product(b, x), 3.4445, 1);
        }
        return x;
    }

    public static double[,] Matrix(IReadOnlyList<float> values, int rows, int columns)
    {
        var matrix = new double[rows, columns];
        for (int i = 0; i < values.Count; i++) matrix[i / columns, i % columns] = values[i];
        return matrix;
    }

    private static double[,] Transposed(double[,] a)
    {
        var t = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++) t[j, i] = a[i, j];
        }
        return t;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        var c = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int k = 0; k < b.GetLength(0); k++)
            {
                for (int j = 0; j < b.GetLength(1); j++) c[i, j] += a[i, k] * b[k, j];
            }
        }
        return c;
    }

    private static double[,] Combine(double[,] a, double[,] b, double alpha, double beta)
    {
        var c = new double[a.GetLength(0), a.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++) c[i, j] = alpha * a[i, j] + beta * b[i, j];
        }
        return c;
    }
}
