using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>Finds the known pre-tokenization that the "pre_tokenizer" of a tokenizer.json describes.</summary>
internal static class PreTokenizerJson
{
    private const string Where = "pre_tokenizer";

    /// <exception cref="TokenizerException">It is none of the known ones; the sentence says what is different.</exception>
    public static PreTokenization Read(JsonElement json)
    {
        switch (json.Required("type", Where).Text(Where + ".type"))
        {
            case "ByteLevel":
                return ReadsWords(json) ? PreTokenization.Gpt2 : throw Unsupported("ByteLevel without a split into words");
            case "Sequence":
                var parts = json.Required("pretokenizers", Where);
                parts.Require(JsonValueKind.Array, Where + ".pretokenizers");
                return ReadSequence([.. parts.EnumerateArray()]);
            case var other:
                throw Unsupported(other);
        }
    }

    private static PreTokenization ReadSequence(JsonElement[] parts)
    {
        string[] types = [.. parts.Select(part => part.Required("type", Where).Text(Where + ".type"))];
        if (types is not ["Split", "ByteLevel"]) throw Unsupported($"a sequence of {string.Join(", ", types)}");
        if (ReadsWords(parts[1])) throw Unsupported("a split into words followed by another");

        // The known patterns match every character, so that keeping the matches apart is the same as removing what is between.
        string behavior = parts[0].Required("behavior", Where).Text(Where + ".behavior");
        bool invert = parts[0].Flag("invert", Where, absent: false);
        if ((behavior, invert) is not (("Isolated", false) or ("Removed", true)))
            throw Unsupported($"Split with behavior {behavior}{(invert ? ", inverted" : "")}");

        var pattern = parts[0].Required("pattern", Where).Optional("Regex", Where + ".pattern")
            ?? throw Unsupported("Split by a fixed string");
        string regex = pattern.Text(Where + ".pattern.Regex");
        return PreTokenization.All.FirstOrDefault(known => known.PublishedPatterns.Contains(regex))
            ?? throw Unsupported("Split by an unknown pattern");
    }

    private static bool ReadsWords(JsonElement byteLevel)
    {
        if (byteLevel.Flag("add_prefix_space", Where, absent: true)) throw Unsupported("ByteLevel with add_prefix_space");
        return byteLevel.Flag("use_regex", Where, absent: true);
    }

    private static TokenizerException Unsupported(string what) =>
        new($"its pre-tokenizer ({what}) is not supported; supported are ByteLevel, " +
            "and Split by GPT-2's, cl100k's, o200k's or nanochat's pattern.");
}
