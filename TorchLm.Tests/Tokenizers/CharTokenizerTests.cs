using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class CharTokenizerTests
{
    [Fact]
    public void Ids_ascend_with_code_points_and_the_end_of_text_is_last()
    {
        var tokenizer = CharTokenizer.FromCharacters("b🙂a\uFFFDb\n".EnumerateRunes(), withEndOfText: true);
        Assert.Equal([0, 1, 2, 3, 4], tokenizer.Encode("\nab\uFFFD🙂")); // U+FFFD stands before U+1F642, though not in UTF-16
        Assert.Equal(6, tokenizer.VocabularySize);
        Assert.Equal(5, tokenizer.EndOfTextId);
    }

    [Fact]
    public void Without_being_asked_for_there_is_no_end_of_text()
    {
        var tokenizer = CharTokenizer.FromCharacters("ab".EnumerateRunes());
        Assert.Null(tokenizer.EndOfTextId);
        Assert.Equal(2, tokenizer.VocabularySize);
    }

    [Fact]
    public void Shakespeare_has_the_65_characters_of_nanoGPT()
    {
        // What `sorted(set(text))` of Tiny Shakespeare is, as nanoGPT's README prints it.
        const string published = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var tokenizer = CharTokenizer.FromCharacters(published.Reverse().Select(c => new System.Text.Rune(c)));
        Assert.Equal(65, tokenizer.VocabularySize);
        Assert.Equal(Enumerable.Range(0, 65), tokenizer.Encode(published));
        Assert.Equal([46, 43, 50, 50, 53], tokenizer.Encode("hello"));
    }

    [Fact]
    public void Pieces_may_be_cut_anywhere()
    {
        const string text = "a🙂b\U0010FFFFc";
        var builder = new CharTokenizerBuilder();
        foreach (char unit in text) builder.Add([unit]);
        var tokenizer = builder.Build();
        Assert.Equal(5, tokenizer.VocabularySize);
        Assert.Equal([0, 3, 1, 4, 2], tokenizer.Encode(text));
    }

    [Fact]
    public void A_corpus_with_a_lone_surrogate_is_refused_with_its_place()
    {
        foreach (string[] pieces in (string[][])[["ab\uD800"], ["ab\uD800", "c"], ["ab", "\uDC00"], ["ab", "\uD800\uD800"]])
        {
            var builder = new CharTokenizerBuilder();
            var failure = Assert.Throws<TokenizerException>(() =>
            {
                foreach (string piece in pieces) builder.Add(piece);
                builder.Build();
            });
            Assert.Contains("offset 2;", failure.Message);
        }
    }

    [Theory]
    [InlineData("abxa", "'x' (U+0078) at offset 2 ")]
    [InlineData("🙂é", "'é' (U+00E9) at offset 2 ")]
    [InlineData("a😀", "'😀' (U+1F600) at offset 1 ")]
    [InlineData("\0", "character (U+0000) at offset 0 ")]
    public void A_character_outside_the_vocabulary_is_named_with_its_place(string text, string expected)
    {
        var tokenizer = CharTokenizer.FromCharacters("ab🙂".EnumerateRunes());
        Assert.Contains(expected, Assert.Throws<TokenizerException>(() => tokenizer.Encode(text)).Message);
    }

    [Fact]
    public void An_empty_corpus_is_refused() =>
        Assert.Contains("no characters", Assert.Throws<TokenizerException>(() => new CharTokenizerBuilder().Build()).Message);
}
