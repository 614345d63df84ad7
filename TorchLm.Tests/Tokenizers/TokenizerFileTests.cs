using System.Text.Json.Nodes;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class TokenizerFileTests
{
    public static IEnumerable<object[]> AllNames => TokenizerSamples.AllNames;

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Saving_and_loading_gives_an_equal_tokenizer(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.In("tokenizer.json"));
        ITokenizer loaded = TokenizerFile.Load(folder.In("tokenizer.json"));
        AssertEqual(tokenizer, loaded);

        loaded.Save(folder.In("again.json"));
        Assert.Equal(File.ReadAllBytes(folder.In("tokenizer.json")), File.ReadAllBytes(folder.In("again.json")));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length); // nothing temporary is left
    }

    [Fact]
    public void A_folder_stands_for_the_file_in_it_and_an_old_file_is_replaced()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", "old and longer than nothing");
        CharTokenizer.FromCharacters("ab\0\"\\é\u2028".EnumerateRunes()).Save(folder.In("tokenizer.json"));
        Assert.Equal("\0é\\\"", Reencode(TokenizerFile.Load(folder.Path), "\0é\\\""));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "missing", "tokenizer.json");
        Assert.Contains(path, Assert.Throws<TokenizerException>(() => TokenizerSamples.Get("bpe").Save(path)).Message);

        Directory.CreateDirectory(folder.In("taken.json"));
        Assert.Throws<TokenizerException>(() => TokenizerSamples.Get("bpe").Save(folder.In("taken.json")));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData("as GPT-2's own file: no model type, no use_regex, empty affixes, a post-processor")]
    [InlineData("merges as pairs")]
    [InlineData("special tokens outside of vocab")]
    [InlineData("a split by GPT-2's pattern")]
    [InlineData("a byte order mark")]
    public void Files_written_by_others_are_read(string variant)
    {
        var tokenizer = TokenizerSamples.GetByteLevel("bpe");
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.In("tokenizer.json"));
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder.In("tokenizer.json")))!;
        JsonObject model = json["model"]!.AsObject();
        string start = "";
        switch (variant)
        {
            case "merges as pairs":
                model["merges"] = new JsonArray([.. model["merges"]!.AsArray().Select(merge =>
                    (JsonNode)new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(part => (JsonNode)part)]))]);
                break;
            case "special tokens outside of vocab":
                Assert.True(model["vocab"]!.AsObject().Remove("<|endoftext|>"));
                Assert.True(model["vocab"]!.AsObject().Remove("<|pad|>"));
                break;
            case "a split by GPT-2's pattern":
                json["pre_tokenizer"] = SplitBy(PreTokenization.Gpt2, "Removed", invert: true);
                break;
            case "a byte order mark":
                start = "\uFEFF";
                break;
            default:
                model.Remove("type");
                model["continuing_subword_prefix"] = "";
                model["end_of_word_suffix"] = "";
                json["pre_tokenizer"]!.AsObject().Remove("use_regex");
                json["post_processor"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}""");
                break;
        }
        AssertEqual(tokenizer, TokenizerFile.Load(folder.Write("other.json", start + json.ToJsonString())));
    }

    [Fact]
    public void An_ordinary_vocabulary_with_the_pattern_of_cl100k_stays_an_ordinary_one()
    {
        using var folder = new TemporaryFolder();
        TokenizerSamples.Get("bpe").Save(folder.In("tokenizer.json"));
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder.In("tokenizer.json")))!;
        json["pre_tokenizer"] = SplitBy(PreTokenization.Cl100k, "Isolated", invert: false);
        var loaded = (ByteLevelTokenizer)TokenizerFile.Load(folder.Write("other.json", json.ToJsonString()));
        Assert.Equal("bpe", loaded.Kind);
        Assert.Same(PreTokenization.Cl100k, loaded.PreTokenization);
        loaded.Save(folder.In("again.json"));
        AssertEqual(loaded, TokenizerFile.Load(folder.In("again.json")));
    }

    // As nanochat's tokenizer.py has it, and the same with three digits as other programs write cl100k's.
    [Theory]
    [InlineData("nanochat", @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")]
    [InlineData("cl100k", @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")]
    public void The_pattern_of_nanochat_is_read_and_written(string name, string pattern)
    {
        using var folder = new TemporaryFolder();
        var options = new BpeTrainerOptions(400, preTokenization: PreTokenization.Nanochat);
        ByteLevelTokenizer tokenizer = BpeTrainer.Train([TokenizerSamples.Corpus], options).Tokenizer;
        tokenizer.Save(folder.In("tokenizer.json"));
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder.In("tokenizer.json")))!;
        JsonNode split = json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!;
        if (name == "nanochat") Assert.Equal(pattern, split["Regex"]!.GetValue<string>());
        split["Regex"] = pattern;
        var loaded = (ByteLevelTokenizer)TokenizerFile.Load(folder.Write("other.json", json.ToJsonString()));
        Assert.Same(PreTokenization.Find(name), loaded.PreTokenization);
        if (name == "nanochat") AssertEqual(tokenizer, loaded);
    }

    [Fact]
    public void A_character_file_may_have_its_ids_in_any_order()
    {
        using var folder = new TemporaryFolder();
        ITokenizer loaded = TokenizerFile.Load(folder.Write("tokenizer.json",
            """
            {"added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true}],
             "model": {"type": "BPE", "vocab": {"b": 1, "🙂": 3, "a": 2}, "merges": []}}
            """));
        Assert.Equal("char", loaded.Kind);
        Assert.Equal([2, 1, 3], loaded.Encode("ab🙂"));
        Assert.Equal(0, loaded.EndOfTextId);
        loaded.Save(folder.In("again.json"));
        AssertEqual(loaded, TokenizerFile.Load(folder.In("again.json")), "ab🙂");
    }

    private static void AssertEqual(ITokenizer expected, ITokenizer actual, params string[] texts)
    {
        Assert.Equal(expected.Kind, actual.Kind);
        Assert.Equal(expected.VocabularySize, actual.VocabularySize);
        Assert.Equal(expected.EndOfTextId, actual.EndOfTextId);
        foreach (string text in texts.Length > 0 ? texts : TextSamples.Random(500, seed: 1).Concat(TextSamples.Tricky))
        {
            Assert.Equal(expected.Encode(text), actual.Encode(text));
            Assert.Equal(text, actual.Decode(expected.Encode(text)));
        }
    }

    private static JsonObject SplitBy(PreTokenization pattern, string behavior, bool invert) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = pattern.Pattern },
                ["behavior"] = behavior,
                ["invert"] = invert,
            },
            new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
    };

    private static string Reencode(ITokenizer tokenizer, string text) => tokenizer.Decode(tokenizer.Encode(text));
}
