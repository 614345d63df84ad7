using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>A tensor of a model's file.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Shape">Its shape there.</param>
/// <param name="Own">The parameter that it is, or is a part of; where the model has none of that name, the tensor is zero.</param>
/// <param name="Transposed">Whether it is kept the other way round, [in, out].</param>
/// <param name="FirstRow">Where it begins in the parameter.</param>
internal readonly record struct StoredWeight(string Name, long[] Shape, string Own, bool Transposed = false, long FirstRow = 0)
{
    /// <summary>The row of the parameter after its last one.</summary>
    public long LastRow => FirstRow + (Transposed ? Shape[1] : Shape[0]);

    /// <summary>The part of the parameter that it is, in the file's orientation: a view that belongs to the current scope.</summary>
    public Tensor PartOf(Tensor parameter) =>
        Transposed ? parameter.narrow(0, FirstRow, Shape[1]).t() : parameter.narrow(0, FirstRow, Shape[0]);
}
