namespace TorchLm.Data.Fables.Engine;

/// <summary>
/// The notation in which fables are written down, turned into nodes:
/// <list type="bullet">
/// <item><c>[sly|clever|]</c>: one of these, from the commonest to the rarest; the last here writes nothing.</item>
/// <item><c>{greeting}</c>: what the rule <c>greeting</c> writes.</item>
/// <item><c>{hero=bird.name}</c>: draw a bird not yet in this text, keep it as <c>hero</c>, write its name.</item>
/// <item><c>{hero=hero.names.name}</c>: the same, from a list that belongs to the entity in slot <c>hero</c>.</item>
/// <item><c>{hero.him}</c>: that attribute of what slot <c>hero</c> holds.</item>
/// <item><c>{Greeting}</c>, <c>{Hero.he}</c>: the same, begun with a capital letter.</item>
/// <item><c>{a} </c>, <c>{A} </c>: "a " or "an ", as the next letter wants it.</item>
/// </list>
/// </summary>
public static class Template
{
    /// <summary>The node that a template stands for.</summary>
    /// <exception cref="GrammarException">Brackets do not match, a reference is malformed, or a choice holds one alternative
    /// twice.</exception>
    public static Node Parse(string template)
    {
        int position = 0;
        Node node = ParseSequence(template, ref position, inChoice: false);
        return position == template.Length
            ? node
            : throw new GrammarException($"Stray '{template[position]}' in \"{template}\".");
    }

    private static Node ParseSequence(string template, ref int position, bool inChoice)
    {
        var parts = new List<Node>();
        while (position < template.Length && template[position] is var next && next != ']' && !(inChoice && next == '|'))
        {
            if (next == '[')
                parts.Add(ParseChoice(template, ref position));
            else if (next == '{')
                ParseReference(template, ref position, parts);
            else
                parts.Add(new Literal(TakeUntil(template, ref position, "[]{}|")));
        }
        return parts.Count == 1 ? parts[0] : new Sequence(parts);
    }

    private static Choice ParseChoice(string template, ref int position)
    {
        var alternatives = new List<Node>();
        var sources = new HashSet<string>();
        do
        {
            int start = ++position; // past '[' or '|'
            alternatives.Add(ParseSequence(template, ref position, inChoice: true));
            if (!sources.Add(template[start..position]))
                throw new GrammarException($"\"{template[start..position]}\" is twice in one choice of \"{template}\".");
        }
        while (position < template.Length && template[position] == '|');
        if (position == template.Length)
            throw new GrammarException($"A '[' is not closed in \"{template}\".");
        position++;
        return new Choice(WeightedList.FromCommonest<Node>(alternatives));
    }

    private static void ParseReference(string template, ref int position, List<Node> parts)
    {
        position++;
        string reference = TakeUntil(template, ref position, "}");
        if (reference.Length == 0 || position == template.Length)
            throw new GrammarException($"A reference is empty or not closed in \"{template}\".");
        position++;

        if (char.IsUpper(reference[0]))
        {
            parts.Add(new Capital());
            reference = char.ToLowerInvariant(reference[0]) + reference[1..];
        }
        if (reference == "a")
        {
            if (position == template.Length || template[position] != ' ')
                throw new GrammarException($"An article is not followed by a space in \"{template}\".");
            position++; // the article brings its own
            parts.Add(new Article());
            return;
        }
        parts.Add(reference.Split('=') switch
        {
            [var path] => path.Split('.') switch
            {
                [var rule] => new Expand(rule),
                [var slot, var attribute] => new Recall(slot, attribute),
                _ => throw Malformed(reference, template),
            },
            [var slot, var path] => path.Split('.') switch
            {
                [var list, var attribute] => new Remember(slot, null, list, attribute),
                [var owner, var list, var attribute] => new Remember(slot, owner, list, attribute),
                _ => throw Malformed(reference, template),
            },
            _ => throw Malformed(reference, template),
        });
    }

    private static string TakeUntil(string template, ref int position, string stops)
    {
        int length = template.AsSpan(position).IndexOfAny(stops);
        int end = length < 0 ? template.Length : position + length;
        string taken = template[position..end];
        if (taken.Length == 0)
            throw new GrammarException($"Unexpected '{template.AsSpan(position)}' in \"{template}\".");
        position = end;
        return taken;
    }

    private static GrammarException Malformed(string reference, string template) =>
        new($"\"{{{reference}}}\" is not a reference, in \"{template}\".");
}
