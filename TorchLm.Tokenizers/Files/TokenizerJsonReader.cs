using System.Text;
using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>Makes a tokenizer of the content of a tokenizer.json, trusting none of it.</summary>
internal static class TokenizerJsonReader
{
    private static readonly JsonDocumentOptions _options = new() { AllowDuplicateProperties = false };

    /// <exception cref="JsonException">It is not JSON, too deeply nested, or names a field twice.</exception>
    /// <exception cref="TokenizerException">It is damaged or not supported.</exception>
    public static ITokenizer Read(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.StartsWith(Encoding.UTF8.Preamble)) utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        using var document = Parse(utf8);
        JsonElement root = document.RootElement;
        RequireNothing(root, "normalizer");
        RequireNothing(root, "truncation");
        RequireNothing(root, "padding");
        RequireType(root, "post_processor", "ByteLevel"); // changes offsets only, no ids

        JsonElement model = root.Required("model", "the file");
        RequirePlainBpe(model);
        var vocabulary = VocabularyJson.Read(root, model);
        if (root.Optional("pre_tokenizer", "the file") is not { } preTokenizer)
        {
            RequireType(root, "decoder", "Fuse");
            return ReadCharacters(model, vocabulary);
        }
        RequireType(root, "decoder", "ByteLevel");
        return ReadByteLevel(model, vocabulary, PreTokenizerJson.Read(preTokenizer));
    }

    /// <summary>The document, none of whose objects has a name twice.</summary>
    /// <exception cref="JsonException">It is not JSON, too deeply nested, or names a field twice.</exception>
    internal static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return JsonDocument.Parse(utf8, _options);
        }
        catch (InvalidOperationException failure) // a field's name is half of a surrogate pair, escaped
        {
            throw new JsonException("a name is not valid Unicode", failure);
        }
    }

    private static void RequireNothing(JsonElement root, string field)
    {
        if (root.Optional(field, "the file") is not { } value) return;
        string type = "";
        if (value.ValueKind == JsonValueKind.Object && value.Optional("type", field) is { } name)
            type = " " + name.Text(field + ".type");
        throw new TokenizerException($"its {field}{type} is not supported; only tokenizers without one are.");
    }

    private static void RequireType(JsonElement root, string field, string supported)
    {
        if (root.Optional(field, "the file") is not { } value) return;
        string type = value.Required("type", field).Text(field + ".type");
        if (type != supported)
            throw new TokenizerException($"its {field} {type} is not supported; supported here is {supported} or none.");
    }

    private static void RequirePlainBpe(JsonElement model)
    {
        const string where = "model";
        string type = model.Optional("type", where)?.Text("model.type") ?? "BPE"; // old files do not say it
        if (type != "BPE") throw new TokenizerException($"its model {type} is not supported; supported is BPE.");
        foreach (string affix in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Optional(affix, where)?.Text($"model.{affix}") is { Length: > 0 } text)
                throw new TokenizerException($"its {affix} \"{text}\" is not supported; only models without one are.");
        foreach (string flag in (ReadOnlySpan<string>)["byte_fallback", "ignore_merges"])
            if (model.Flag(flag, where, absent: false))
                throw new TokenizerException($"its model's {flag} is not supported; only models that have it false are.");
        bool hasDropout = model.Optional("dropout", where) is { } dropout &&
                          !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0);
        if (hasDropout)
            throw new TokenizerException("its model's dropout is not supported; only models without it are.");
    }

    private static CharTokenizer ReadCharacters(JsonElement model, VocabularyJson vocabulary)
    {
        if (MergesOf(model).GetArrayLength() > 0)
            throw new TokenizerException("BPE without a pre-tokenizer is not supported, " +
                                         "except for single characters without merges.");
        if (model.Optional("unk_token", "model") is { } unknown)
            throw new TokenizerException($"its unk_token {unknown.Text("model.unk_token")} is not supported; " +
                                         "only character vocabularies without one are.");
        vocabulary.RequireNoGaps();
        var characters = new List<(Rune, int)>();
        foreach (var (spelling, id) in vocabulary.Ordinary)
        {
            if (Rune.DecodeFromUtf16(spelling, out Rune character, out int length) != System.Buffers.OperationStatus.Done ||
                length != spelling.Length)
                throw new TokenizerException($"BPE without a pre-tokenizer is supported for single characters only, " +
                                             $"which token {id} is not.");
            characters.Add((character, id));
        }
        return new CharTokenizer(characters, vocabulary.Special);
    }

    private static ByteLevelTokenizer ReadByteLevel(JsonElement model, VocabularyJson vocabulary, PreTokenization preTokenization)
    {
        TokenTable? published = TiktokenEncoding.Find(preTokenization, vocabulary.Size)?.Tokens;
        if (published is null) vocabulary.RequireNoGaps(); // before anything is allocated by the highest id
        byte[]?[] bytes = new byte[]?[vocabulary.Size];
        foreach (var (spelling, id) in vocabulary.Ordinary)
            bytes[id] = spelling.Length == 0 ? throw new TokenizerException($"token {id} is empty; get the file again.")
                : ByteAlphabet.Read(spelling) ?? throw new TokenizerException(
                    $"token {id} (\"{spelling}\") is not supported: it is neither spelt in GPT-2's byte alphabet nor special.");
        if (bytes.Count(token => token is { Length: 1 }) != 256)
            throw new TokenizerException("byte-level BPE that lacks some of the 256 bytes is not supported: " +
                                         "it could not encode every text.");

        var tokens = new TokenTable(bytes, vocabulary.Special);
        var merges = ReadMerges(model, vocabulary);
        if (published is not null && published.HasSameTokens(tokens) && GoByRank(merges, bytes))
            return TiktokenEncoding.Find(preTokenization, tokens.Size)!;
        vocabulary.RequireNoGaps();
        return new ByteLevelBpeTokenizer(tokens, merges, preTokenization);
    }

    // tiktoken merges whatever gives the token with the lowest id: the rules must be in that order and make every token.
    private static bool GoByRank(BpeMerge[] merges, byte[]?[] bytes) =>
        merges.Zip(merges.Skip(1)).All(two => two.First.Result <= two.Second.Result) &&
        merges.Select(merge => merge.Result).Distinct().Count() == bytes.Count(token => token is { Length: > 1 });

    private static JsonElement MergesOf(JsonElement model)
    {
        JsonElement merges = model.Required("merges", "model");
        merges.Require(JsonValueKind.Array, "model.merges");
        return merges;
    }

    private static BpeMerge[] ReadMerges(JsonElement model, VocabularyJson vocabulary)
    {
        JsonElement json = MergesOf(model);
        var merges = new BpeMerge[json.GetArrayLength()];
        var seen = new HashSet<(int, int)>(merges.Length);
        int index = 0;
        foreach (JsonElement element in json.EnumerateArray())
        {
            var (left, right) = ReadPair(element, index);
            var merge = new BpeMerge(IdOf(left, index), IdOf(right, index), IdOf(left + right, index));
            if (!seen.Add((merge.Left, merge.Right)))
                throw new TokenizerException($"merge {index} ({left} {right}) stands in the list twice; get the file again.");
            merges[index++] = merge;
        }
        return merges;

        int IdOf(string spelling, int index) => vocabulary.Ordinary.TryGetValue(spelling, out int id) ? id
            : throw new TokenizerException($"merge {index} names \"{spelling}\", which is not in the vocabulary; " +
                                           "get the file again.");
    }

    // "a b" as older files have it, or ["a", "b"]; no token of byte-level BPE has a space in its spelling.
    private static (string Left, string Right) ReadPair(JsonElement element, int index)
    {
        string where = $"model.merges[{index}]";
        string[] pair = element.ValueKind == JsonValueKind.Array
            ? [.. element.EnumerateArray().Select(part => part.Text(where))]
            : element.Text(where).Split(' ');
        return pair is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right)
            : throw new TokenizerException($"{where} is not a pair of two tokens; get the file again.");
    }
}
