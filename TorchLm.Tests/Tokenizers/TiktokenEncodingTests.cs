using Microsoft.ML.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class TiktokenEncodingTests
{
    // Published in OpenAI's cookbook and README of tiktoken.
    [Theory]
    [InlineData("cl100k_base", "hello world", new[] { 15339, 1917 })]
    [InlineData("cl100k_base", "tiktoken is great!", new[] { 83, 1609, 5963, 374, 2294, 0 })]
    [InlineData("cl100k_base", "antidisestablishmentarianism", new[] { 519, 85342, 34500, 479, 8997, 2191 })]
    [InlineData("cl100k_base", "2 + 2 = 4", new[] { 17, 489, 220, 17, 284, 220, 19 })]
    [InlineData("cl100k_base", "お誕生日おめでとう", new[] { 33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699 })]
    [InlineData("o200k_base", "hello world", new[] { 24912, 2375 })]
    [InlineData("o200k_base", "antidisestablishmentarianism", new[] { 493, 129901, 376, 160388, 21203, 2367 })]
    [InlineData("o200k_base", "2 + 2 = 4", new[] { 17, 659, 220, 17, 314, 220, 19 })]
    [InlineData("o200k_base", "お誕生日おめでとう", new[] { 8930, 9697, 243, 128225, 8930, 17693, 4344, 48669 })]
    public void Ids_are_the_published_ones(string name, string text, int[] ids) =>
        Assert.Equal(ids, TokenizerSamples.Get(name).Encode(text));

    [Theory]
    [InlineData("cl100k_base", 100277, 100257)]
    [InlineData("o200k_base", 200019, 199999)]
    public void The_vocabulary_ends_behind_the_last_special_token(string name, int size, int endOfText)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Equal(endOfText, tokenizer.EndOfTextId);
        Assert.Equal("<|endofprompt|>", tokenizer.Decode([size - 1]));
        Assert.Equal(name, tokenizer.Kind);
    }

    [Theory]
    [InlineData("cl100k_base", new[] { 100256, 100261, 100275 })]
    [InlineData("o200k_base", new[] { 199998, 200000, 200017 })]
    public void Ids_in_the_gaps_stand_for_nothing(string name, int[] ids)
    {
        var tokenizer = TokenizerSamples.GetByteLevel(name);
        foreach (int id in ids)
        {
            Assert.True(tokenizer.Tokens.IsGap(id));
            var refusal = Assert.Throws<TokenizerException>(() => { tokenizer.GetBytes(id); });
            Assert.Contains($"{id} stands for nothing", refusal.Message);
            Assert.Throws<TokenizerException>(() => tokenizer.Decode([id]));
        }
    }

    [Theory]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void Ids_within_the_basic_plane_are_those_of_Microsofts_own_encoding(string name)
    {
        var tokenizer = TokenizerSamples.Get(name);
        var microsoft = TiktokenTokenizer.CreateForEncoding(name);
        var texts = TextSamples.Tricky.Concat(TextSamples.Random(1000, seed: 11))
            .Concat(TextSamples.RandomOf("aB'sé日!/ \n\r\t12", 1000, 20, seed: 12));
        foreach (string text in texts)
        {
            // Outside of the plane and special tokens are read differently by design; so is U+017F.
            string same = string.Concat(text.Where(c => !char.IsSurrogate(c) && c is not ('\u017F' or '|')));
            Assert.Equal(microsoft.EncodeToIds(same), tokenizer.Encode(same));
        }
    }

    [Theory]
    [InlineData("cl100k_base", 100256 - 256)]
    [InlineData("o200k_base", 199998 - 256)]
    public void Each_longer_token_has_one_merge_that_makes_it(string name, int count)
    {
        var tokenizer = TokenizerSamples.GetByteLevel(name);
        Assert.Equal(count, tokenizer.Merges.Count);
        Assert.Equal(Enumerable.Range(256, count), tokenizer.Merges.Select(merge => merge.Result));
        Assert.All(tokenizer.Merges, merge =>
            Assert.Equal(
                tokenizer.GetSpelling(merge.Result), tokenizer.GetSpelling(merge.Left) + tokenizer.GetSpelling(merge.Right)));
    }

    [Theory]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void Merging_by_the_recovered_rules_gives_the_same_ids(string name)
    {
        var tokenizer = TokenizerSamples.GetByteLevel(name);
        var byRules = new ByteLevelTokenizerByRules(tokenizer);
        foreach (string text in TextSamples.Random(500, seed: 13).Append(TokenizerSamples.Corpus))
            Assert.Equal(tokenizer.Encode(text), byRules.Encode(text));
    }

    /// <summary>The naive encoder with the rules of another tokenizer.</summary>
    private sealed class ByteLevelTokenizerByRules(ByteLevelTokenizer tokenizer)
    {
        private readonly Dictionary<string, int> _ids = Enumerable.Range(0, tokenizer.VocabularySize)
            .Where(id => !tokenizer.Tokens.IsGap(id) && !tokenizer.Tokens.IsSpecial(id))
            .ToDictionary(id => Latin(tokenizer.GetBytes(id)));

        private readonly Dictionary<(string, string), int> _rules = tokenizer.Merges
            .Select(merge => (Latin(tokenizer.GetBytes(merge.Left)), Latin(tokenizer.GetBytes(merge.Right))))
            .Index().ToDictionary(rule => rule.Item, rule => rule.Index);

        public IEnumerable<int> Encode(string text) => tokenizer.PreTokenization.Split(text)
            .Select(word => System.Text.Encoding.UTF8.GetBytes(text.Substring(word.Offset, word.Length)))
            .SelectMany(bytes => NaiveBpe.Encode(Latin(bytes), _rules))
            .Select(part => _ids[part]);

        private static string Latin(ReadOnlySpan<byte> bytes) => System.Text.Encoding.Latin1.GetString(bytes);
    }
}
