using System.Text;

namespace TorchLm.Data.Fables.Engine;

/// <summary>Writes one text from a grammar, adding up −ln p of every draw on the way.</summary>
internal sealed class Sampler
{
    private readonly FableGrammar _grammar;
    private readonly SplitMix64 _random;
    private readonly StringBuilder _text = new();
    private Memory? _memory;
    private Pending _pending;
    private double _nats;

    private Sampler(FableGrammar grammar, SplitMix64 random)
    {
        _grammar = grammar;
        _random = random;
    }

    /// <summary>Draws one text.</summary>
    public static Fable Sample(FableGrammar grammar, SplitMix64 random)
    {
        var sampler = new Sampler(grammar, random);
        sampler.Write(grammar.Rule(grammar.Start));
        return new Fable(sampler._text.ToString(), sampler._nats);
    }

    private void Write(Node node)
    {
        switch (node)
        {
            case Literal { Text: "" }:
                break;
            case Literal literal:
                _text.Append(_pending.Spell(literal.Text));
                _pending = default;
                break;
            case Sequence sequence:
                foreach (Node part in sequence.Parts)
                    Write(part);
                break;
            case Choice choice:
                Write(Draw(choice.Alternatives, static _ => true));
                break;
            case Expand expand:
                Write(_grammar.Rule(expand.Rule));
                break;
            case Remember remember:
                Entity drawn = Draw(_grammar.Candidates(remember, _memory), entity => !Memory.Holds(_memory, entity));
                _memory = new Memory(remember.Slot, drawn, _memory);
                Write(drawn.Attribute(remember.Attribute));
                break;
            case Recall recall:
                Write(Memory.Read(_memory, recall.Slot).Attribute(recall.Attribute));
                break;
            case Capital:
                _pending = _pending with { Capital = true };
                break;
            case Article:
                _pending = _pending with { Article = true };
                break;
            default:
                throw new GrammarException($"The sampler does not know {node.GetType().Name}.");
        }
    }

    private T Draw<T>(WeightedList<T> list, Func<T, bool> allowed)
    {
        int total = 0;
        for (int i = 0; i < list.Count; i++)
            total += allowed(list[i]) ? list.Weight(i) : 0;
        if (total == 0)
            throw new GrammarException("Everything in a list of entities is in the text already; the list is too short.");

        int remaining = _random.NextBelow(total);
        for (int i = 0; ; i++)
        {
            if (!allowed(list[i]))
                continue;
            remaining -= list.Weight(i);
            if (remaining >= 0)
                continue;
            _nats += Math.Log((double)total / list.Weight(i));
            return list[i];
        }
    }
}
