namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// Things to choose from with unequal chances. Weights are whole numbers, so that a probability is a ratio of two integers
/// and a draw meets it exactly.
/// </summary>
/// <typeparam name="T">What is chosen.</typeparam>
public sealed class WeightedList<T>
{
    private readonly T[] _items;
    private readonly int[] _weights;

    /// <summary>Creates a list with a weight for each item.</summary>
    /// <exception cref="GrammarException">The list is empty, the lengths differ, or a weight is not positive.</exception>
    public WeightedList(IEnumerable<T> items, IEnumerable<int> weights)
    {
        _items = [.. items];
        _weights = [.. weights];
        if (_items.Length == 0 || _items.Length != _weights.Length || _weights.Any(weight => weight <= 0))
            throw new GrammarException("A weighted list needs at least one item, and one positive weight for each.");
        Total = checked(_weights.Sum());
    }

    /// <summary>Number of items.</summary>
    public int Count => _items.Length;

    /// <summary>Sum of the weights.</summary>
    public int Total { get; }

    /// <summary>The item at <paramref name="index"/>.</summary>
    public T this[int index] => _items[index];

    /// <summary>The weight of the item at <paramref name="index"/>.</summary>
    public int Weight(int index) => _weights[index];
}

/// <summary>Makes weighted lists.</summary>
public static class WeightedList
{
    // The k-th commonest word has weight 1 / (k + 2), k = 1, 2, ...; 360360 = lcm(1..15) keeps most weights exact.
    private const int Scale = 360_360;
    private const int Flattening = 2;

    /// <summary>
    /// A list from the commonest item to the rarest, with weights as words have them in real text (Mandelbrot's form of
    /// Zipf's law): proportional to 1 / (rank + 2).
    /// </summary>
    /// <exception cref="GrammarException">The list is empty.</exception>
    public static WeightedList<T> FromCommonest<T>(IReadOnlyCollection<T> items) =>
        new(items, Enumerable.Range(1, items.Count).Select(rank => Scale / (rank + Flattening)));
}
