using TorchLm.Core;

namespace TorchLm.Data.Deduplication;

/// <summary>
/// What counts as a near duplicate, and how surely one is found: a pair whose shingle sets have the Jaccard similarity s becomes a
/// candidate with the probability 1 - (1 - s^Rows)^Bands (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3).
/// With the defaults that is 5 % at 0.5, 56 % at 0.7, 92 % at 0.8 and 99.96 % at 0.9.
/// </summary>
/// <remarks>
/// Every property is checked when it is set. The rule on Bands * Rows concerns two of them, so after a <c>with</c> it is checked by
/// <see cref="MinHash"/> and <see cref="NearDuplicates"/>.
/// </remarks>
/// <param name="ShingleSize">Words in a shingle, 1 to 50.</param>
/// <param name="Bands">Bands of the signature, at least 1.</param>
/// <param name="Rows">Minima in a band, 1 to 256; Bands * Rows is at most 1024.</param>
/// <param name="Threshold">Estimated Jaccard similarity from which on a document is a near duplicate, above 0, at most 1.</param>
/// <exception cref="InputException">A value breaks its rule.</exception>
public sealed record NearDuplicateOptions(int ShingleSize = 5, int Bands = 14, int Rows = 8, double Threshold = 0.8)
{
    /// <summary>Most minima in a signature.</summary>
    public const int MostMinima = 1024;

    /// <summary>Words in a shingle, 1 to 50.</summary>
    /// <exception cref="InputException">It is outside of that.</exception>
    public int ShingleSize { get; init => field = CheckedShingle(value); } = CheckedShingle(ShingleSize);

    /// <summary>Bands of the signature, at least 1.</summary>
    /// <exception cref="InputException">It is less.</exception>
    public int Bands { get; init => field = CheckedBands(value); } = CheckedBands(Bands);

    /// <summary>Minima in a band, 1 to 256.</summary>
    /// <exception cref="InputException">It is outside of that.</exception>
    public int Rows { get; init => field = CheckedRows(value); } = CheckedProduct(Bands, CheckedRows(Rows));

    /// <summary>Estimated Jaccard similarity from which on a document is a near duplicate, above 0, at most 1.</summary>
    /// <exception cref="InputException">It is outside of that.</exception>
    public double Threshold { get; init => field = CheckedThreshold(value); } = CheckedThreshold(Threshold);

    /// <summary>Minima in a signature.</summary>
    internal int Minima => Bands * Rows;

    /// <summary>Bytes in a signature: a 32-bit hash of each band, then the lowest 8 bits of each minimum.</summary>
    internal int SignatureBytes => Bands * sizeof(uint) + Minima;

    /// <summary>These options, if the values also agree with one another.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal NearDuplicateOptions Validated()
    {
        CheckedProduct(Bands, Rows);
        return this;
    }

    private static int CheckedShingle(int value) => value is >= 1 and <= 50
        ? value : throw new InputException($"A shingle of {value} words is not possible: its size must be from 1 to 50.");

    private static int CheckedBands(int value) => value >= 1
        ? value : throw new InputException($"{value} bands are not possible: there must be at least 1.");

    private static int CheckedRows(int value) => value is >= 1 and <= 256
        ? value : throw new InputException($"{value} rows are not possible: a band must have from 1 to 256.");

    private static int CheckedProduct(int bands, int rows) => (long)bands * rows <= MostMinima
        ? rows : throw new InputException($"{bands} bands of {rows} rows are not possible: bands times rows must be at most {MostMinima}.");

    private static double CheckedThreshold(double value) => value is > 0 and <= 1
        ? value : throw new InputException($"A threshold of {value} is not possible: it must be above 0 and at most 1.");
}
