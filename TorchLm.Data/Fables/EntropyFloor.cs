namespace TorchLm.Data.Fables;

/// <summary>
/// The loss that the true distribution itself has on a set of fables: the best that any model can expect (see
/// <see cref="FableGenerator"/> for the argument).
/// </summary>
/// <param name="FableCount">Number of fables.</param>
/// <param name="CharacterCount">Number of characters in them, which are as many bytes.</param>
/// <param name="Nats">−ln p of all of them together.</param>
/// <param name="StandardError">
/// How far <see cref="NatsPerCharacter"/> of this sample typically lies from that of the endless sequence, in nats per
/// character. It does not enter a comparison on the same text, where floor and model meet the same fables.
/// </param>
public sealed record EntropyFloor(long FableCount, long CharacterCount, double Nats, double StandardError)
{
    /// <summary>Nats per character: compare it with a model's validation loss per character.</summary>
    public double NatsPerCharacter => Nats / CharacterCount;

    /// <summary>Bits per byte: compare it with a model's bits per byte, whatever its tokenizer.</summary>
    public double BitsPerByte => NatsPerCharacter / Math.Log(2);

    /// <summary>The floor on <paramref name="fables"/>.</summary>
    /// <exception cref="ArgumentException">There are fewer than two fables, so that nothing is known of the
    /// error.</exception>
    public static EntropyFloor Measure(IEnumerable<Fable> fables)
    {
        Fable[] sample = [.. fables];
        if (sample.Length < 2)
            throw new ArgumentException("The floor needs at least two fables to know its error.", nameof(fables));

        long characters = sample.Sum(fable => (long)fable.Text.Length);
        double nats = sample.Sum(fable => fable.Nats);

        // A ratio of two means over independent fables: its error is that of the residuals nats_i − rate · length_i.
        double rate = nats / characters;
        double squares = sample.Sum(fable => Math.Pow(fable.Nats - rate * fable.Text.Length, 2));
        double error = Math.Sqrt(squares / (sample.Length - 1) * sample.Length) / characters;
        return new EntropyFloor(sample.Length, characters, nats, error);
    }

    /// <summary>
    /// By how much a model is worse than the floor on the same fables, in nats per character, and the standard error of that
    /// figure over fables not seen.
    /// </summary>
    /// <param name="fables">The fables.</param>
    /// <param name="modelNats">The model's −ln q of each, in the same order.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there are fewer than two fables.</exception>
    public static (double NatsPerCharacter, double StandardError) Excess(
        IReadOnlyList<Fable> fables, IReadOnlyList<double> modelNats)
    {
        if (fables.Count != modelNats.Count)
            throw new ArgumentException($"There are {fables.Count} fables and {modelNats.Count} losses.", nameof(modelNats));
        EntropyFloor excess = Measure(fables.Select((fable, i) => fable with { Nats = modelNats[i] - fable.Nats }));
        return (excess.NatsPerCharacter, excess.StandardError);
    }
}
