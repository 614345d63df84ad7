namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// A probabilistic grammar with a memory: named rules, named lists of entities, and the rule at which every text begins. It
/// can be sampled, and asked for the probability of any text. Immutable and safe to use from several threads.
/// </summary>
public sealed class FableGrammar
{
    private readonly Dictionary<string, Node> _rules;
    private readonly Dictionary<string, WeightedList<Entity>> _lists;

    internal FableGrammar(string start, Dictionary<string, Node> rules, Dictionary<string, WeightedList<Entity>> lists)
    {
        Start = start;
        _rules = rules;
        _lists = lists;
        GrammarCheck.Run(this);
    }

    /// <summary>The rule that writes a whole text.</summary>
    public string Start { get; }

    /// <summary>The rules by name.</summary>
    public IReadOnlyDictionary<string, Node> Rules => _rules;

    /// <summary>The grammar's own lists of entities by name.</summary>
    public IReadOnlyDictionary<string, WeightedList<Entity>> Lists => _lists;

    /// <summary>Writes one text with the random numbers given.</summary>
    public Fable Sample(SplitMix64 random) => Sampler.Sample(this, random);

    /// <summary>
    /// Every derivation of <paramref name="text"/>, found without knowing how it was made. A text sampled from this grammar
    /// has at least one; its <see cref="Fable.Nats"/> is its exact −ln p if and only if it has no other.
    /// </summary>
    public Derivations Derive(string text) => DerivationParser.Parse(this, text);

    /// <summary>ln p(<paramref name="text"/>), summed over all derivations, in nats; −∞ if the grammar cannot write
    /// it.</summary>
    public double LogProbability(string text) => Derive(text).LogProbability;

    internal Node Rule(string name) => _rules[name];

    internal WeightedList<Entity> Candidates(Remember remember, Memory? memory) => remember.Owner is null
        ? _lists[remember.List]
        : Memory.Read(memory, remember.Owner).Lists.TryGetValue(remember.List, out WeightedList<Entity>? list)
            ? list
            : throw new GrammarException($"What slot '{remember.Owner}' holds has no list '{remember.List}'.");
}
