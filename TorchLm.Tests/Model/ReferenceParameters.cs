namespace TorchLm.Tests.Model;

/// <summary>The parameters of a <see cref="ReferenceGpt"/> under the model's own names, and their gradients; row-major.</summary>
internal sealed class ReferenceParameters(IReadOnlyDictionary<string, double[]> values)
{
    private readonly Dictionary<string, double[]> _gradients = values.ToDictionary(v => v.Key, v => new double[v.Value.Length]);

    public IReadOnlyDictionary<string, double[]> Values => values;

    public IReadOnlyDictionary<string, double[]> Gradients => _gradients;

    public double[] Value(string name) => values[name];

    public double[]? OptionalValue(string name) => values.GetValueOrDefault(name);

    public double[] Gradient(string name) => _gradients[name];

    public double[]? OptionalGradient(string name) => _gradients.GetValueOrDefault(name);
}
