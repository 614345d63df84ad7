namespace TorchLm.Lessons;

/// <summary>Adam (Kingma and Ba 2015) with AdamW's decay (Loshchilov and Hutter 2019), in plain numbers.</summary>
internal sealed class AdamByHand(int weights)
{
    public const double Beta1 = 0.9, Beta2 = 0.99;
    private readonly double[] _mean = new double[weights], _square = new double[weights];
    private int _steps;

    /// <summary>One update of the weights, in place.</summary>
    public void Step(double[] w, double[] gradient, double rate, double decay = 0)
    {
        _steps++;
        for (int i = 0; i < w.Length; i++)
        {
            _mean[i] = (Beta1 * _mean[i]) + ((1 - Beta1) * gradient[i]);
            _square[i] = (Beta2 * _square[i]) + ((1 - Beta2) * gradient[i] * gradient[i]);
            double mean = _mean[i] / (1 - Math.Pow(Beta1, _steps)), square = _square[i] / (1 - Math.Pow(Beta2, _steps)); // both began at 0
            w[i] -= rate * ((mean / (Math.Sqrt(square) + 1e-8)) + (decay * w[i]));
        }
    }
}
