using System.Text.Json.Nodes;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class DamagedTokenizerFileTests
{
    private const string Bom = "\uFEFF";

    // What is changed in a sound file (a path, and the JSON put there; nothing removes the field), and what the sentence must
    // name.
    [Theory]
    [InlineData("model.type", "\"WordPiece\"", "model WordPiece is not supported")]
    [InlineData("model.type", "\"Unigram\"", "model Unigram is not supported")]
    [InlineData("model.type", "7", "model.type is not a string")]
    [InlineData("model", "", "no \"model\"")]
    [InlineData("model", "[]", "model is not an object")]
    [InlineData("model.vocab", "", "no \"vocab\"")]
    [InlineData("model.vocab", "{}", "")]
    [InlineData("model.vocab", "[\"a\"]", "model.vocab is not an object")]
    [InlineData("model.vocab.!", "\"0\"", "\"!\" is not a whole number")]
    [InlineData("model.vocab.!", "-1", "\"!\" is not a whole number")]
    [InlineData("model.vocab.!", "0.5", "\"!\" is not a whole number")]
    [InlineData("model.vocab.!", "1e99", "\"!\" is not a whole number")]
    [InlineData("model.vocab.!", "null", "\"!\" is not a whole number")]
    [InlineData("model.vocab.!", "2147483647", "\"!\" is too large")]
    [InlineData("model.vocab.!", "2147483646", "ids up to 2147483646")]
    [InlineData("model.vocab.!", "1", "both have the id 1")]
    [InlineData("model.vocab.!", "", "some ids stand for nothing")]
    [InlineData("model.vocab.<|pad|>", "3", "<|pad|> has the ids")]
    [InlineData("model.vocab.日本", "400", "(\"日本\") is not supported")]
    [InlineData("model.merges", "", "no \"merges\"")]
    [InlineData("model.merges", "{}", "model.merges is not an array")]
    [InlineData("model.merges.0", "\"! unknown\"", "names \"unknown\"")]
    [InlineData("model.merges.0", "\"! !\"", "names \"!!\"")]
    [InlineData("model.merges.0", "\"a\"", "model.merges[0] is not a pair")]
    [InlineData("model.merges.0", "\"a b c\"", "model.merges[0] is not a pair")]
    [InlineData("model.merges.0", "[\"a\"]", "model.merges[0] is not a pair")]
    [InlineData("model.merges.0", "[\"a\", 1]", "model.merges[0] is not a string")]
    [InlineData("model.merges.0", "null", "model.merges[0] is not a string")]
    [InlineData("model.merges.0", "\"\\ud800 a\"", "not valid Unicode")]
    [InlineData("model.dropout", "0.1", "dropout is not supported")]
    [InlineData("model.byte_fallback", "true", "byte_fallback is not supported")]
    [InlineData("model.ignore_merges", "true", "ignore_merges is not supported")]
    [InlineData("model.ignore_merges", "\"no\"", "ignore_merges is not true or false")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "continuing_subword_prefix \"##\" is not supported")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix \"</w>\" is not supported")]
    [InlineData("normalizer", "{\"type\":\"NFC\"}", "normalizer NFC is not supported")]
    [InlineData("truncation", "{\"max_length\":5}", "truncation is not supported")]
    [InlineData("padding", "7", "padding is not supported")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\"}", "post_processor TemplateProcessing is not supported")]
    [InlineData("decoder", "{\"type\":\"Metaspace\"}", "decoder Metaspace is not supported")]
    [InlineData("decoder", "{}", "no \"type\"")]
    [InlineData("pre_tokenizer", "", "")]
    [InlineData("pre_tokenizer", "{\"type\":\"Whitespace\"}", "pre-tokenizer (Whitespace) is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[]}", "(a sequence of ) is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[1]}", "pre_tokenizer is not an object")]
    [InlineData("pre_tokenizer.add_prefix_space", "true", "ByteLevel with add_prefix_space")]
    [InlineData("pre_tokenizer.use_regex", "false", "ByteLevel without a split into words")]
    [InlineData("added_tokens", "{}", "added_tokens is not an array")]
    [InlineData("added_tokens.0", "7", "added_tokens is not an object")]
    [InlineData("added_tokens.0.id", "\"x\"", "is not a whole number")]
    [InlineData("added_tokens.0.content", "", "no \"content\"")]
    [InlineData("added_tokens.0.content", "\"\"", "empty name")]
    [InlineData("added_tokens.0.content", "\"<|pad|>\"", "declared twice")]
    [InlineData("added_tokens.0.special", "false", "not special is not supported")]
    public void A_damaged_or_unsupported_file_is_refused_by_a_sentence(string path, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        TokenizerSamples.Get("bpe").Save(folder.In("sound.json"));
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder.In("sound.json")))!;
        string[] steps = path.Split('.');
        JsonNode parent = json;
        foreach (string step in steps[..^1]) parent = parent is JsonArray array ? array[int.Parse(step)]! : parent[step]!;
        string marker = $"\"{Guid.NewGuid()}\""; // put in as text: JsonNode would refuse some of it
        if (parent is JsonArray list) list[int.Parse(steps[^1])] = JsonNode.Parse(marker);
        else if (value == "") Assert.True(parent.AsObject().Remove(steps[^1]));
        else parent[steps[^1]] = JsonNode.Parse(marker);
        AssertRefused(folder.Write("tokenizer.json", json.ToJsonString().Replace(marker, value)), expected);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("hello", "not valid JSON")]
    [InlineData(Bom, "not valid JSON")]
    [InlineData("{\"model\": {\"type\": \"BPE\"", "not valid JSON")]
    [InlineData("{\"model\": {}} {}", "not valid JSON")]
    [InlineData("{\n\"model\": x}", "not valid JSON (line 2, byte 10)")]
    [InlineData("{\"model\": 1, \"model\": 2}", "not valid JSON (a name stands twice")]
    [InlineData("{\"\\ud800\": 1, \"\\ud800\": 2}", "")]
    [InlineData("[]", "the file is not an object")]
    [InlineData("null", "the file is not an object")]
    [InlineData("7", "the file is not an object")]
    [InlineData("{}", "no \"model\"")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}", "both have the id 0")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"a\": 1}, \"merges\": []}}", "not valid JSON")]
    [InlineData("{\"model\": {\"vocab\": {\"\\ud800\": 0}, \"merges\": []}}", "not valid")]
    [InlineData("{\"model\": {\"vocab\": {\"\": 0}, \"merges\": []}}", "single characters only")]
    [InlineData("{\"model\": {\"vocab\": {\"ab\": 0}, \"merges\": []}}", "single characters only")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 1}, \"merges\": []}}", "some ids stand for nothing")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}", "without a pre-tokenizer")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0, \"?\": 1}, \"merges\": [], \"unk_token\": \"?\"}}", "unk_token ? is not")]
    public void What_is_no_tokenizer_at_all_is_refused_by_a_sentence(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        AssertRefused(folder.Write("tokenizer.json", content), expected);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(folder.Write("tokenizer.json", new string('[', 1_000_000)), "not valid JSON");
        AssertRefused(folder.Write("tokenizer.json", string.Concat(Enumerable.Repeat("{\"model\":", 100_000))), "not valid JSON");
    }

    [Fact]
    public void Invalid_UTF8_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] sound = File.ReadAllBytes(SavedCharacters(folder));
        sound[Array.IndexOf(sound, (byte)'Q')] = 0xFF;
        File.WriteAllBytes(folder.In("tokenizer.json"), sound);
        AssertRefused(folder.In("tokenizer.json"), "not valid");
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        using var folder = new TemporaryFolder();
        string whole = File.ReadAllText(SavedCharacters(folder)).TrimEnd();
        for (int length = 0; length < whole.Length; length++)
            AssertRefused(folder.Write("tokenizer.json", whole[..length]), "not valid JSON");
    }

    [Fact]
    public void Any_single_changed_byte_gives_a_tokenizer_or_a_sentence()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = File.ReadAllBytes(SavedCharacters(folder));
        var random = new Random(17);
        for (int index = 0; index < whole.Length; index++)
        {
            byte[] changed = [.. whole];
            changed[index] = (byte)random.Next(256);
            File.WriteAllBytes(folder.In("tokenizer.json"), changed);
            try
            {
                TokenizerFile.Load(folder.In("tokenizer.json")).Encode("");
            }
            catch (TokenizerException refusal)
            {
                Assert.NotEmpty(refusal.Message);
            }
        }
    }

    [Fact]
    public void A_published_encoding_without_its_merges_is_refused()
    {
        using var folder = new TemporaryFolder();
        TokenizerSamples.Get("cl100k_base").Save(folder.In("sound.json"));
        string text = File.ReadAllText(folder.In("sound.json"));
        string withoutMerges = text[..text.IndexOf("\"merges\"", StringComparison.Ordinal)] + "\"merges\": []}}";
        AssertRefused(folder.Write("tokenizer.json", withoutMerges), "some ids stand for nothing");
    }

    [Theory]
    [InlineData("missing.json")]
    [InlineData("")]
    [InlineData("nul\0character")]
    [InlineData("no/such/folder")]
    public void A_missing_file_is_refused(string path) =>
        Assert.Contains("There is no tokenizer at", Assert.Throws<TokenizerException>(() => TokenizerFile.Load(path)).Message);

    [Fact]
    public void A_folder_without_the_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<TokenizerException>(() => TokenizerFile.Load(folder.Path));
        Assert.Contains(folder.In("tokenizer.json"), refusal.Message);
    }

    private static string SavedCharacters(TemporaryFolder folder)
    {
        CharTokenizer.FromCharacters("aQé🙂".EnumerateRunes(), withEndOfText: true).Save(folder.In("sound.json"));
        return folder.In("sound.json");
    }

    private static void AssertRefused(string path, string expected)
    {
        string message = Assert.Throws<TokenizerException>(() => TokenizerFile.Load(path)).Message;
        Assert.Contains(path, message);
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
    }
}
