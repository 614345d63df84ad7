using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Optimization;

/// <summary>AdamW as in Loshchilov and Hutter 2019, algorithm 2, on plain arrays in double precision, with clipping by the global norm before it.</summary>
internal sealed class ReferenceAdamW(OptimizerConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    private int _step;

    public IReadOnlyDictionary<string, double[]> Weights => weights;

    public IReadOnlyDictionary<string, double[]> First { get; } = weights.ToDictionary(w => w.Key, w => new double[w.Value.Length]);

    public IReadOnlyDictionary<string, double[]> Second { get; } = weights.ToDictionary(w => w.Key, w => new double[w.Value.Length]);

    /// <summary>Makes one update and gives the gradient's norm before clipping.</summary>
    public double Step(IReadOnlyDictionary<string, double[]> gradients, Func<string, bool> decays, double learningRate)
    {
        _step++;
        double norm = Math.Sqrt(gradients.Values.Sum(g => g.Sum(v => v * v)));
        double scale = config.GradientClip > 0 && norm > config.GradientClip ? config.GradientClip / norm : 1;
        foreach ((string name, double[] w) in weights)
        {
            (double[] m, double[] v) = (First[name], Second[name]);
            for (int i = 0; i < w.Length; i++)
            {
                double g = gradients[name][i] * scale;
                m[i] = config.Beta1 * m[i] + (1 - config.Beta1) * g;
                v[i] = config.Beta2 * v[i] + (1 - config.Beta2) * g * g;
                double first = m[i] / (1 - Math.Pow(config.Beta1, _step)), second = v[i] / (1 - Math.Pow(config.Beta2, _step));
                if (decays(name)) w[i] -= learningRate * config.WeightDecay * w[i];
                w[i] -= learningRate * first / (Math.Sqrt(second) + config.Epsilon);
            }
        }
        return norm;
    }
}
