namespace TorchLm.Data.Fables.Engine;

/// <summary>All ways in which a grammar can write one text.</summary>
/// <param name="Count">How many there are: 0 if the grammar cannot write the text, 1 if it is unambiguous there.</param>
/// <param name="LogProbability">ln of the text's probability, the sum over all of them; −∞ if there is none.</param>
public readonly record struct Derivations(long Count, double LogProbability);

/// <summary>
/// Finds every derivation of a text by exhaustive search with backtracking. It knows nothing of how the text came about, so
/// that it can judge what <see cref="Sampler"/> claims. Quick where wrong alternatives soon contradict the text, as they do
/// in a good grammar.
/// </summary>
internal sealed class DerivationParser
{
    private readonly FableGrammar _grammar;
    private readonly string _text;
    private long _count;
    private double _logSum = double.NegativeInfinity;

    private DerivationParser(FableGrammar grammar, string text)
    {
        _grammar = grammar;
        _text = text;
    }

    /// <summary>All derivations of <paramref name="text"/>, the whole of it.</summary>
    public static Derivations Parse(FableGrammar grammar, string text)
    {
        var parser = new DerivationParser(grammar, text);
        parser.Search(new State(new Agenda(grammar.Rule(grammar.Start), null), 0, null, default, 0));
        return new Derivations(parser._count, parser._logSum);
    }

    // What is still to be written, as a chain that branches of the search share.
    private sealed record Agenda(Node Next, Agenda? Later);

    private readonly record struct State(Agenda? Agenda, int Position, Memory? Memory, Pending Pending, double LogProbability);

    private void Search(State state)
    {
        while (state.Agenda is not null)
        {
            Node node = state.Agenda.Next;
            state = state with { Agenda = state.Agenda.Later };
            switch (node)
            {
                case Literal { Text: "" }:
                    break;
                case Literal literal:
                    string spelled = state.Pending.Spell(literal.Text);
                    if (string.CompareOrdinal(_text, state.Position, spelled, 0, spelled.Length) != 0)
                        return;
                    state = state with { Position = state.Position + spelled.Length, Pending = default };
                    break;
                case Sequence sequence:
                    Agenda? agenda = state.Agenda;
                    for (int i = sequence.Parts.Count - 1; i >= 0; i--)
                        agenda = new Agenda(sequence.Parts[i], agenda);
                    state = state with { Agenda = agenda };
                    break;
                case Choice choice:
                    SearchAlternatives(state, choice.Alternatives);
                    return;
                case Remember remember:
                    SearchCandidates(state, remember);
                    return;
                case Expand expand:
                    state = Push(state, _grammar.Rule(expand.Rule));
                    break;
                case Recall recall:
                    state = Push(state, Memory.Read(state.Memory, recall.Slot).Attribute(recall.Attribute));
                    break;
                case Capital:
                    state = state with { Pending = state.Pending with { Capital = true } };
                    break;
                case Article:
                    state = state with { Pending = state.Pending with { Article = true } };
                    break;
                default:
                    throw new GrammarException($"The parser does not know {node.GetType().Name}.");
            }
        }
        if (state.Position == _text.Length)
            Add(state.LogProbability);
    }

    private void SearchAlternatives(State state, WeightedList<Node> alternatives)
    {
        for (int i = 0; i < alternatives.Count; i++)
        {
            double log = Math.Log((double)alternatives.Weight(i) / alternatives.Total);
            Search(Push(state, alternatives[i]) with { LogProbability = state.LogProbability + log });
        }
    }

    private void SearchCandidates(State state, Remember remember)
    {
        WeightedList<Entity> candidates = _grammar.Candidates(remember, state.Memory);
        int[] free = [.. Enumerable.Range(0, candidates.Count).Where(i => !Memory.Holds(state.Memory, candidates[i]))];
        double total = free.Sum(candidates.Weight);
        foreach (int i in free)
        {
            Search(Push(state, candidates[i].Attribute(remember.Attribute)) with
            {
                Memory = new Memory(remember.Slot, candidates[i], state.Memory),
                LogProbability = state.LogProbability + Math.Log(candidates.Weight(i) / total),
            });
        }
    }

    private static State Push(State state, Node node) => state with { Agenda = new Agenda(node, state.Agenda) };

    // ln(e^a + e^b) without leaving the range of double
    private void Add(double log)
    {
        _count++;
        (double high, double low) = _logSum > log ? (_logSum, log) : (log, _logSum);
        _logSum = high + Math.Log(1 + Math.Exp(low - high));
    }
}
