using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables;

/// <summary>
/// An endless, repeatable sequence of short fables, TorchLm's built-in corpus, whose entropy is known.
/// </summary>
/// <remarks>
/// <para>Why <see cref="Fable.Nats"/> is exact: it is the sum of −ln p over the choices that made the text, so e^−Nats is
/// the probability of that one derivation. The grammar is unambiguous (different choices give different texts, and the tests
/// find every derivation of thousands of fables by exhaustive search to hold it to that), so the derivation's probability is
/// the text's.</para>
/// <para>Why it is a floor: fables are independent draws from one distribution p, and each marks its own end, so the
/// probability of a sequence of them is the product of theirs, and Σ Nats / Σ characters is what the true distribution
/// itself would score on that text, in nats per character. By Gibbs' inequality no model, whatever its size or context, has
/// a lower loss than p in expectation over fables it has not seen. On a finite text a model may come out below by luck,
/// within the sampling error of its per-fable excess. A model whose context is shorter than a fable cannot quite reach the
/// floor.</para>
/// <para>Fable n depends on the seed and n alone, so that a split by index stays the same whatever amount of text is asked
/// for. Immutable but for the position of <see cref="Next"/>; all other members are safe to use from several threads.</para>
/// </remarks>
public sealed class FableGenerator
{
    /// <summary>The seed of the corpus on which <c>torchlm train</c> trains when it is given none.</summary>
    public const ulong DefaultSeed = 1337;

    /// <summary>Size of that corpus in bytes (ASCII: as many characters).</summary>
    public const long DefaultByteCount = 1_500_000;

    private long _next;

    /// <summary>Creates the sequence of fables that belongs to <paramref name="seed"/>.</summary>
    public FableGenerator(ulong seed = DefaultSeed) => Seed = seed;

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>Fable number <paramref name="index"/> of the sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    public Fable this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            return FableLanguage.Grammar.Sample(SplitMix64.ForItem(Seed, index));
        }
    }

    /// <summary>The next fable: the first call returns number 0.</summary>
    public Fable Next() => this[_next++];

    /// <summary>Fables number 0 to <paramref name="count"/> − 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public IEnumerable<Fable> Generate(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Enumerate();

        IEnumerable<Fable> Enumerate()
        {
            for (long index = 0; index < count; index++)
                yield return this[index];
        }
    }

    /// <summary>Whole fables from number 0 on, as few as hold at least <paramref name="bytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
    public IEnumerable<Fable> GenerateBytes(long bytes = DefaultByteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return Enumerate();

        IEnumerable<Fable> Enumerate()
        {
            long written = 0;
            for (long index = 0; written < bytes; index++)
            {
                Fable fable = this[index];
                written += fable.Text.Length;
                yield return fable;
            }
        }
    }
}
