using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class RoundTripTests
{
    public static IEnumerable<object[]> AllNames => TokenizerSamples.AllNames;

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Ten_thousand_random_texts_come_back_unchanged(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        foreach (string text in TextSamples.Random(10_000, seed: 1)) Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Tricky_texts_come_back_unchanged(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        Assert.All(TextSamples.Tricky, text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))));
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void The_bytes_of_the_ids_are_the_bytes_of_the_text(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        foreach (string text in TextSamples.Tricky)
        {
            var bytes = new List<byte>();
            foreach (int id in tokenizer.Encode(text)) bytes.AddRange(tokenizer.GetBytes(id));
            Assert.Equal(Encoding.UTF8.GetBytes(text), bytes);
        }
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void No_text_encodes_to_a_special_token(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        TokenTable tokens = tokenizer is CharTokenizer characters ? characters.Tokens : ((ByteLevelTokenizer)tokenizer).Tokens;
        Assert.NotEmpty(tokens.SpecialTokens);
        foreach (string special in tokens.SpecialTokens.Keys)
            foreach (string text in (string[])[special, "a" + special, special + "b", " " + special + " ", special + special])
                Assert.DoesNotContain(tokenizer.Encode(text), tokens.IsSpecial);
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void The_end_of_text_is_spelt_by_its_name(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        int end = Assert.NotNull(tokenizer.EndOfTextId);
        Assert.Equal("<|endoftext|>", tokenizer.Decode([end]));
        Assert.InRange(end, 0, tokenizer.VocabularySize - 1);
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void A_lone_surrogate_is_refused_with_its_place(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        foreach (var (text, sign, offset) in ((string, string, int)[])
            [("abc\uD83D", "U+D83D", 3), ("\uDE00x", "U+DE00", 0), ("🙂\uDC00", "U+DC00", 2), ("\uD800\uD83D\uDE00", "U+D800", 0)])
        {
            string message = Assert.Throws<TokenizerException>(() => tokenizer.Encode(text)).Message;
            Assert.Contains(sign, message);
            Assert.Contains($"offset {offset};", message);
        }
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void An_id_outside_the_vocabulary_is_refused(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        foreach (int id in (int[])[-1, int.MinValue, tokenizer.VocabularySize, int.MaxValue])
        {
            Assert.Contains($"{id} is outside", Assert.Throws<TokenizerException>(() => tokenizer.Decode([0, id])).Message);
            Assert.Contains($"{id} is outside", Assert.Throws<TokenizerException>(() => { tokenizer.GetBytes(id); }).Message);
        }
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Threads_that_share_a_tokenizer_get_the_same_ids(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        string[] texts = [.. TextSamples.Random(300, seed: 1)];
        int[][] alone = [.. texts.Select(tokenizer.Encode)];
        Parallel.For(0, 4 * texts.Length, i => Assert.Equal(alone[i % texts.Length], tokenizer.Encode(texts[i % texts.Length])));
    }
}
