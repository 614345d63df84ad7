using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Optimization;

/// <summary>Lion, SGD with momentum and AdamW with cautious decay on plain arrays in double precision, without clipping.</summary>
internal sealed class ReferenceRules(OptimizerConfig config, double[] weights)
{
    private readonly double[] _first = new double[weights.Length], _second = new double[weights.Length];
    private int _step;

    public double[] Weights => weights;

    /// <summary>The momentum, or AdamW's first moment.</summary>
    public double[] Momentum => _first;

    public void Step(double[] gradient, double rate, bool decays)
    {
        _step++;
        double decay = decays ? config.WeightDecay : 0;
        for (int i = 0; i < weights.Length; i++)
        {
            (double w, double g, double m) = (weights[i], gradient[i], _first[i]);
            switch (config.Name)
            {
                case "lion": // Chen et al. 2023, algorithm 2
                    double direction = Math.Sign(config.Beta1 * m + (1 - config.Beta1) * g);
                    weights[i] = w - rate * (direction + decay * w);
                    _first[i] = config.Beta2 * m + (1 - config.Beta2) * g;
                    break;
                case "sgd":
                    _first[i] = config.Momentum * m + g;
                    weights[i] = w - rate * (_first[i] + decay * w);
                    break;
                default: // Chen et al. 2025, "Cautious Weight Decay", algorithm 1
                    _first[i] = config.Beta1 * m + (1 - config.Beta1) * g;
                    _second[i] = config.Beta2 * _second[i] + (1 - config.Beta2) * g * g;
                    double mean = _first[i] / (1 - Math.Pow(config.Beta1, _step)), square = _second[i] / (1 - Math.Pow(config.Beta2, _step));
                    double update = mean / (Math.Sqrt(square) + config.Epsilon);
                    weights[i] = w - rate * (update + (!config.Cautious || update * w >= 0 ? decay * w : 0));
                    break;
            }
        }
    }
}
