namespace TorchLm.Core.Model;

/// <summary>How much each position of a text looks at each, in every head of one layer.</summary>
public sealed class AttentionMap
{
    private readonly float[] _weights;

    internal AttentionMap(int heads, int length, float[] weights) => (Heads, Length, _weights) = (heads, length, weights);

    /// <summary>H.</summary>
    public int Heads { get; }

    /// <summary>T, the positions.</summary>
    public int Length { get; }

    /// <summary>
    /// The share of its attention, in [0, 1], that position <paramref name="from"/> gives to position <paramref name="to"/>; 0 for what comes later.
    /// </summary>
    public float this[int head, int from, int to] => _weights[(head * Length + from) * Length + to];
}
