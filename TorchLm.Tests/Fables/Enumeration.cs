using System.Collections.Immutable;
using TorchLm.Data.Fables.Engine;

namespace TorchLm.Tests.Fables;

/// <summary>
/// Writes out every derivation of a small grammar with its probability, with no search, no sampling and nothing shared with
/// the two interpreters in the product: a third reading of what the nodes mean.
/// </summary>
internal sealed class Enumeration(FableGrammar grammar)
{
    private sealed record State(
        string Text, double P, ImmutableList<(string Slot, Entity Entity)> Kept, bool Capital, bool Article);

    public List<(string Text, double P)> Derivations(string? rule = null)
    {
        var start = new State("", 1, [], false, false);
        return [.. Visit(new Expand(rule ?? grammar.Start), start).Select(state => (state.Text, state.P))];
    }

    /// <summary>Every text that can be written, with the sum over its derivations.</summary>
    public Dictionary<string, double> Texts(string? rule = null) =>
        Derivations(rule).GroupBy(d => d.Text).ToDictionary(group => group.Key, group => group.Sum(d => d.P));

    private IEnumerable<State> Visit(Node node, State state)
    {
        switch (node)
        {
            case Literal literal:
                return [Append(state, literal.Text)];
            case Sequence sequence:
                return sequence.Parts.Aggregate<Node, IEnumerable<State>>(
                    [state], (states, part) => states.SelectMany(s => Visit(part, s)).ToList());
            case Choice choice:
                double total = Indices(choice.Alternatives).Sum(i => (double)choice.Alternatives.Weight(i));
                return Indices(choice.Alternatives).SelectMany(i =>
                    Visit(choice.Alternatives[i], state with { P = state.P * choice.Alternatives.Weight(i) / total }));
            case Expand expand:
                return Visit(grammar.Rules[expand.Rule], state);
            case Recall recall:
                return Visit(state.Kept.Last(k => k.Slot == recall.Slot).Entity.Attributes[recall.Attribute], state);
            case Remember remember:
                WeightedList<Entity> list = remember.Owner is null
                    ? grammar.Lists[remember.List]
                    : state.Kept.Last(k => k.Slot == remember.Owner).Entity.Lists[remember.List];
                int[] left = [.. Indices(list).Where(i => state.Kept.All(k => k.Entity != list[i]))];
                double leftTotal = left.Sum(i => (double)list.Weight(i));
                return left.SelectMany(i => Visit(list[i].Attributes[remember.Attribute], state with
                {
                    P = state.P * list.Weight(i) / leftTotal,
                    Kept = state.Kept.Add((remember.Slot, list[i])),
                }));
            case Capital:
                return [state with { Capital = true }];
            case Article:
                return [state with { Article = true }];
            default:
                throw new NotSupportedException(node.ToString());
        }
    }

    private static State Append(State state, string text)
    {
        if (text.Length == 0)
            return state;
        if (state.Article)
            text = ("aeiouAEIOU".Contains(text[0]) ? "an " : "a ") + text;
        if (state.Capital)
            text = text[..1].ToUpperInvariant() + text[1..];
        return state with { Text = state.Text + text, Capital = false, Article = false };
    }

    private static IEnumerable<int> Indices<T>(WeightedList<T> list) => Enumerable.Range(0, list.Count);
}
