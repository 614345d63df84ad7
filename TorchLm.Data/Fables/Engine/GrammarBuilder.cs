namespace TorchLm.Data.Fables.Engine;

/// <summary>Collects rules and lists of entities, then makes the grammar.</summary>
public sealed class GrammarBuilder
{
    private readonly Dictionary<string, Node> _rules = [];
    private readonly Dictionary<string, WeightedList<Entity>> _lists = [];

    /// <summary>Adds a rule: its alternatives as templates (<see cref="Template"/>), from the commonest to the
    /// rarest.</summary>
    /// <exception cref="GrammarException">The name is taken, a template is malformed, or an alternative is there
    /// twice.</exception>
    public GrammarBuilder Rule(string name, params string[] alternatives)
    {
        if (alternatives.Distinct().Count() != alternatives.Length)
            throw new GrammarException($"Rule '{name}' holds an alternative twice.");
        Node[] nodes = [.. alternatives.Select(Template.Parse)];
        Node body = nodes.Length == 1 ? nodes[0] : new Choice(WeightedList.FromCommonest<Node>(nodes));
        if (!_rules.TryAdd(name, body))
            throw new GrammarException($"Rule '{name}' is defined twice.");
        return this;
    }

    /// <summary>Adds a list of entities, from the commonest to the rarest.</summary>
    /// <exception cref="GrammarException">The name is taken, or an entity is there twice.</exception>
    public GrammarBuilder List(string name, params Entity[] members)
    {
        if (members.Distinct().Count() != members.Length)
            throw new GrammarException($"List '{name}' holds an entity twice.");
        if (!_lists.TryAdd(name, WeightedList.FromCommonest(members)))
            throw new GrammarException($"List '{name}' is defined twice.");
        return this;
    }

    /// <summary>The grammar of all that was added, whose texts begin at rule <paramref name="start"/>.</summary>
    /// <exception cref="GrammarException">A rule or list is referred to and missing, or there and never used.</exception>
    public FableGrammar Build(string start) => new(start, new(_rules), new(_lists));
}
