using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class BpeEncoderTests
{
    public static IEnumerable<object[]> AllNames => TokenizerSamples.AllNames;

    public static IEnumerable<object[]> ByteLevelNames => TokenizerSamples.ByteLevelNames;

    [Theory]
    [MemberData(nameof(ByteLevelNames))]
    public void Ids_are_those_of_Microsofts_encoder(string name)
    {
        var tokenizer = TokenizerSamples.GetByteLevel(name);
        Tokenizer microsoft = MicrosoftEncoder.Of(tokenizer);
        var texts = TextSamples.Tricky.Concat(TextSamples.Random(3000, seed: 51))
            .Concat(TextSamples.RandomOf("aB'sé日𝐁!/ \n\r\t12", 3000, 25, seed: 52))
            .Concat(TextSamples.RandomOf("the on", 300, 120, seed: 53)).Append(TokenizerSamples.Corpus);
        foreach (string text in texts) Assert.Equal(microsoft.EncodeToIds(text), tokenizer.Encode(text));
    }

    [Theory]
    [MemberData(nameof(ByteLevelNames))]
    public void Words_of_any_length_are_merged_as_by_a_naive_encoder(string name)
    {
        // Lengths on both sides of where the encoder changes its way; few letters, so that many pairs fit and overlap.
        var tokenizer = TokenizerSamples.GetByteLevel(name);
        var random = new Random(54);
        Tokenizer microsoft = MicrosoftEncoder.Of(tokenizer);
        for (int length = 1; length < 400; length += random.Next(1, 12))
            foreach (string letters in (string[])["a", "ab", "thenosr", "é日a"])
            {
                string word = string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)]));
                Assert.Equal(microsoft.EncodeToIds(word), tokenizer.Encode(word));
            }
    }

    [Fact]
    public void A_word_of_a_hundred_thousand_letters_has_the_ids_of_its_parts()
    {
        // No merge of this vocabulary holds "qz" or a part of it with another letter, so that the word falls apart there.
        var tokenizer = BpeTrainer.Train(["banana bandana ananas"], new BpeTrainerOptions(270, [])).Tokenizer;
        string part = string.Concat(TextSamples.RandomOf("ban", 40, 20, seed: 55));
        int[] expected = [.. Encode(part), .. Encode("qz")];
        string word = string.Concat(Enumerable.Repeat(part + "qz", 100_000 / part.Length + 1));
        Assert.Equal(Enumerable.Repeat(expected, 100_000 / part.Length + 1).SelectMany(ids => ids), tokenizer.Encode(word));

        IEnumerable<int> Encode(string text)
        {
            var rules = tokenizer.Merges.Select((merge, rank) => (Pair: (Spelling(merge.Left), Spelling(merge.Right)), rank))
                .ToDictionary(rule => rule.Pair, rule => rule.rank);
            return NaiveBpe.Encode(text, rules).Select(token =>
                Enumerable.Range(0, tokenizer.VocabularySize).Single(id => Spelling(id) == token));
        }

        string Spelling(int id) => Encoding.Latin1.GetString(tokenizer.GetBytes(id));
    }

    [Fact]
    public void A_merge_may_stand_before_the_one_that_makes_its_parts()
    {
        // As in files that no trainer wrote. "abc": b c comes first, then the later rule a bc; "ab" never arises.
        var tokenizer = Assemble("abc", ["a bc", "ab c", "b c", "a b"], ["bc", "ab", "abc"]);
        Assert.Equal(["abc"], tokenizer.Encode("abc").Select(tokenizer.GetSpelling));
        Assert.Equal(["ab", "ab"], tokenizer.Encode("abab").Select(tokenizer.GetSpelling));
        Assert.Equal(MicrosoftEncoder.Of(tokenizer).EncodeToIds("aabcbcab"), tokenizer.Encode("aabcbcab"));
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Parts_of_a_text_are_written_behind_each_other(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        var written = new ArrayBufferWriter<int>(1);
        var expected = new List<int>();
        foreach (string text in TextSamples.Tricky.Concat(TextSamples.Random(500, seed: 1)))
        {
            expected.AddRange(tokenizer.Encode(text));
            tokenizer.Encode(("\uDC00" + text + "\uD800").AsSpan(1, text.Length), written);
        }
        Assert.Equal(expected, written.WrittenSpan.ToArray());
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Nothing_of_a_refused_text_is_written(string name)
    {
        var written = new ArrayBufferWriter<int>();
        Assert.Throws<TokenizerException>(() => TokenizerSamples.Get(name).Encode("abc \uD800 abc", written));
        Assert.Equal(0, written.WrittenCount);
    }

    [Fact]
    public void Zeros_in_a_text_are_told_from_the_end_of_a_word()
    {
        // The cache fills up short words with zeros.
        var tokenizer = TokenizerSamples.Get("bpe");
        foreach (string text in (string[])["!", "!\0", "!\0\0", "\0", "\0\0", "!", "!\0"])
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void More_words_than_the_cache_holds_keep_their_ids()
    {
        var tokenizer = TokenizerSamples.Get("cl100k_base");
        string[] words = [.. Enumerable.Range(0, 200_000).Select(number => $" w{(char)('a' + number % 26)}{number * 7919L:x}")];
        int[] whole = tokenizer.Encode(string.Concat(words));
        Assert.Equal(words.Chunk(1000).SelectMany(some => tokenizer.Encode(string.Concat(some))), whole);
        Assert.Equal(string.Concat(words), tokenizer.Decode(whole));
    }

    private static ByteLevelTokenizer Assemble(string source, string[] merges, string[] tokens)
    {
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => ByteAlphabet.Spell([(byte)value]));
        return (ByteLevelTokenizer)new TokenizerParts(
            bytes.Concat(tokens).Select((spelling, id) => KeyValuePair.Create(spelling, id)), [], merges, PreTokenization.Gpt2).Build(source);
    }
}
