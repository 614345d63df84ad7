namespace TorchLm.Core.Training;

/// <summary>Sequences that lie behind one another.</summary>
/// <param name="First">The number of the first.</param>
/// <param name="Count">How many.</param>
internal readonly record struct Stretch(int First, int Count)
{
    /// <summary>One of as many parts, whose lengths differ by at most 1.</summary>
    /// <param name="part">Which, from 0.</param>
    /// <param name="parts">How many.</param>
    public Stretch Part(int part, int parts)
    {
        int from = (int)((long)Count * part / parts), to = (int)((long)Count * (part + 1) / parts);
        return new Stretch(First + from, to - from);
    }
}
