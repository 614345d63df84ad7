using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>
/// The tokens of a tokenizer.json: its model's "vocab" and its "added_tokens", which may also stand in the former.
/// </summary>
internal sealed class VocabularyJson
{
    private VocabularyJson(Dictionary<string, int> ordinary, Dictionary<string, int> special)
    {
        Ordinary = ordinary;
        Special = special;
        Size = 1 + ordinary.Values.Concat(special.Values).Max();
    }

    /// <summary>Spellings and ids of what is not special.</summary>
    public Dictionary<string, int> Ordinary { get; }

    /// <summary>Names and ids of the special tokens.</summary>
    public Dictionary<string, int> Special { get; }

    /// <summary>One more than the highest id, which a damaged file may have anywhere.</summary>
    public int Size { get; }

    /// <summary>Refuses ids that nothing has below the highest.</summary>
    public void RequireNoGaps()
    {
        int count = Ordinary.Count + Special.Count;
        if (Size != count)
            throw new TokenizerException($"its {count} tokens have ids up to {Size - 1}, so that some ids stand for nothing, " +
                                         "which is supported for cl100k_base and o200k_base only.");
    }

    public static VocabularyJson Read(JsonElement root, JsonElement model)
    {
        JsonElement vocab = model.Required("vocab", "model");
        vocab.Require(JsonValueKind.Object, "model.vocab");
        var ordinary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty token in vocab.EnumerateObject())
        {
            string spelling = token.NameText("model.vocab");
            ordinary.Add(spelling, ReadId(token.Value, $"the id of \"{spelling}\""));
        }

        var special = ReadSpecial(root);
        foreach (var (name, id) in special)
            if (ordinary.Remove(name, out int inVocab) && inVocab != id)
                throw new TokenizerException($"the special token {name} has the ids {id} and {inVocab}; get the file again.");
        if (ordinary.Count == 0) throw new TokenizerException("its vocabulary is empty; get the file again.");
        RequireDistinct(ordinary.Concat(special));
        return new VocabularyJson(ordinary, special);
    }

    private static Dictionary<string, int> ReadSpecial(JsonElement root)
    {
        const string where = "added_tokens";
        var special = new Dictionary<string, int>(StringComparer.Ordinal);
        if (root.Optional(where, "the file") is not { } added) return special;
        added.Require(JsonValueKind.Array, where);
        foreach (JsonElement token in added.EnumerateArray())
        {
            string name = token.Required("content", where).Text(where + ".content");
            if (name.Length == 0) throw new TokenizerException("a special token has an empty name; get the file again.");
            if (!token.Flag("special", where, absent: true))
                throw new TokenizerException($"its added token \"{name}\" that is not special is not supported.");
            if (!special.TryAdd(name, ReadId(token.Required("id", where), $"the id of {name}")))
                throw new TokenizerException($"the special token {name} is declared twice; get the file again.");
        }
        return special;
    }

    // int.MaxValue as an id would make a size that an int cannot hold.
    private static int ReadId(JsonElement value, string where) =>
        value.Id(where) is var id and < int.MaxValue ? id
            : throw new TokenizerException($"{where} is too large; get the file again.");

    private static void RequireDistinct(IEnumerable<KeyValuePair<string, int>> tokens)
    {
        var names = new Dictionary<int, string>();
        foreach (var (name, id) in tokens)
            if (!names.TryAdd(id, name))
                throw new TokenizerException($"the tokens \"{names[id]}\" and \"{name}\" both have the id {id}; " +
                                             "get the file again.");
    }
}
