using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class SafeCutTests
{
    // Everything that the patterns treat in a way of its own.
    private const string Alphabet = "ab'sBé日𝐁\u0301 \n\r\t\u0085\u00A0/!.1𝟐🙂";

    public static IEnumerable<object[]> AllNames => TokenizerSamples.AllNames;

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Every_safe_cut_leaves_the_ids_unchanged(string name)
    {
        ITokenizer tokenizer = name == "char"
            ? CharTokenizer.FromCharacters(Alphabet.EnumerateRunes()) : TokenizerSamples.Get(name);
        int cuts = 0;
        foreach (string text in TextSamples.RandomOf(Alphabet, 3000, 16, seed: 29).Append("a\r\n\r\nB\n\n 1\nb"))
            for (int index = 0; index <= text.Length; index++)
            {
                if (!SafeCut.IsSafe(text, index)) continue;
                Assert.Equal(tokenizer.Encode(text), tokenizer.Encode(text[..index]).Concat(tokenizer.Encode(text[index..])));
                cuts++;
            }
        Assert.InRange(cuts, 2000, int.MaxValue);
    }

    [Fact]
    public void Every_safe_cut_is_the_end_of_a_word_in_both()
    {
        // Stricter than ids: the words too, so that training sees the same ones.
        foreach (string text in TextSamples.RandomOf(Alphabet, 5000, 16, seed: 31))
            foreach (var pattern in PreTokenization.All)
                for (int index = 0; index <= text.Length; index++)
                    if (SafeCut.IsSafe(text, index))
                        Assert.Equal(Words(pattern, text), Words(pattern, text[..index]).Concat(Words(pattern, text[index..])));
    }

    [Theory]
    [InlineData("one two\nthree four", 13)] // before the space
    [InlineData("one.\ntwo", 5)] // after the line feed
    [InlineData("one.\n/two", 0)] // o200k may keep .\n/ together
    [InlineData("a!\n\nb", 0)] // GPT-2 joins both line feeds at the end of a text
    [InlineData("a\r\nb", 1)]
    [InlineData("word", 0)]
    [InlineData("word ", 4)]
    [InlineData("", 0)]
    [InlineData("。\n次", 2)]
    public void The_last_safe_place_is_found(string text, int expected) => Assert.Equal(expected, SafeCut.FindLast(text));

    [Fact]
    public void A_large_text_in_pieces_has_the_ids_of_the_whole()
    {
        string text = string.Concat(TextSamples.Random(400, seed: 37).Append(TokenizerSamples.Corpus));
        foreach (string name in TokenizerSamples.Names[1..])
        {
            ITokenizer tokenizer = TokenizerSamples.Get(name);
            var ids = new List<int>();
            string rest = "";
            for (int read = 0; read < text.Length; read += 200)
            {
                rest += text[read..Math.Min(read + 200, text.Length)];
                int cut = SafeCut.FindLast(rest);
                ids.AddRange(tokenizer.Encode(rest[..cut]));
                rest = rest[cut..];
            }
            ids.AddRange(tokenizer.Encode(rest));
            Assert.Equal(tokenizer.Encode(text), ids);
        }
    }

    private static IEnumerable<string> Words(PreTokenization pattern, string text) =>
        pattern.Split(text).Select(word => text.Substring(word.Offset, word.Length));
}
