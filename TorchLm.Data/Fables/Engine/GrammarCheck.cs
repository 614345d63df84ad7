namespace TorchLm.Data.Fables.Engine;

/// <summary>Checks that everything that a grammar refers to is there, and that everything that is there is used.</summary>
internal sealed class GrammarCheck
{
    private readonly FableGrammar _grammar;
    private readonly HashSet<string> _rules = [];
    private readonly HashSet<string> _lists = [];
    private readonly HashSet<Entity> _entities = [];

    private GrammarCheck(FableGrammar grammar) => _grammar = grammar;

    /// <summary>Checks <paramref name="grammar"/>.</summary>
    /// <exception cref="GrammarException">Something is missing or unused.</exception>
    public static void Run(FableGrammar grammar)
    {
        var check = new GrammarCheck(grammar);
        check.Visit(new Expand(grammar.Start));
        if (grammar.Rules.Keys.FirstOrDefault(rule => !check._rules.Contains(rule)) is { } unusedRule)
            throw new GrammarException($"Rule '{unusedRule}' can never be reached from '{grammar.Start}'.");
        if (grammar.Lists.Keys.FirstOrDefault(list => !check._lists.Contains(list)) is { } unusedList)
            throw new GrammarException($"List '{unusedList}' is never drawn from.");
    }

    private void Visit(Node node)
    {
        switch (node)
        {
            case Sequence sequence:
                foreach (Node part in sequence.Parts)
                    Visit(part);
                break;
            case Choice choice:
                for (int i = 0; i < choice.Alternatives.Count; i++)
                    Visit(choice.Alternatives[i]);
                break;
            case Expand expand:
                if (!_grammar.Rules.TryGetValue(expand.Rule, out Node? body))
                    throw new GrammarException($"There is no rule '{expand.Rule}'.");
                if (_rules.Add(expand.Rule))
                    Visit(body);
                break;
            case Remember { Owner: null } remember:
                if (!_grammar.Lists.TryGetValue(remember.List, out WeightedList<Entity>? members))
                    throw new GrammarException($"There is no list '{remember.List}'.");
                _lists.Add(remember.List);
                VisitMembers(members, remember.Attribute);
                break;
        }
    }

    // An attribute may itself be a template, so entities are searched too, with all lists that belong to them.
    private void VisitMembers(WeightedList<Entity> members, string? spoken)
    {
        for (int i = 0; i < members.Count; i++)
        {
            if (spoken is not null)
                members[i].Attribute(spoken);
            if (!_entities.Add(members[i]))
                continue;
            foreach (Node attribute in members[i].Attributes.Values)
                Visit(attribute);
            foreach (WeightedList<Entity> list in members[i].Lists.Values)
                VisitMembers(list, spoken: null);
        }
    }
}
