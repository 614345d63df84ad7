using FsCheck;
using FsCheck.Fluent;
using TorchLm.Tests.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Properties;

public class TokenizerProperties
{
    /// <summary>Texts with halves of surrogate pairs here and there, which are no Unicode.</summary>
    private static Gen<string> BrokenTexts =>
        from before in Generators.Texts(10)
        from half in Gen.Choose(0xd800, 0xdfff)
        from after in Generators.Texts(10)
        select before + (char)half + after;

    [Theory]
    [InlineData("bpe")]
    [InlineData("nanochat")]
    [InlineData("cl100k_base")]
    public void Any_text_comes_back_through_a_tokenizer_that_was_saved_and_loaded(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder["tokenizer.json"]);
        ITokenizer loaded = TokenizerFile.Load(folder.Path);
        PropertyCheck.Holds(Generators.Texts(60), text =>
        {
            int[] ids = tokenizer.Encode(text);
            Assert.Equal(ids, loaded.Encode(text));
            Assert.Equal(text, loaded.Decode(ids));
        });
    }

    [Fact]
    public void A_vocabulary_of_any_characters_is_saved_and_loaded() => PropertyCheck.Holds(
        from text in Generators.Texts(60)
        from end in Gen.Elements(false, true)
        select (text: text + "x", end),
        c =>
        {
            CharTokenizer tokenizer = CharTokenizer.FromCharacters(c.text.EnumerateRunes(), c.end);
            using var folder = new TemporaryFolder();
            tokenizer.Save(folder["tokenizer.json"]);
            ITokenizer loaded = TokenizerFile.Load(folder.Path);
            Assert.Equal("char", loaded.Kind);
            Assert.Equal(tokenizer.EndOfTextId, loaded.EndOfTextId);
            Assert.Equal(tokenizer.Encode(c.text), loaded.Encode(c.text));
            Assert.Equal(c.text, loaded.Decode(loaded.Encode(c.text)));
        });

    [Fact]
    public void A_tokenizer_trained_on_any_text_is_saved_and_loaded() => PropertyCheck.Holds(
        from text in Generators.Texts(60)
        from more in Gen.Choose(0, 40)
        select (text: string.Concat(Enumerable.Repeat(text, 3)), size: 257 + more),
        c =>
        {
            ByteLevelBpeTokenizer tokenizer = BpeTrainer.Train([c.text], new BpeTrainerOptions(c.size)).Tokenizer;
            using var folder = new TemporaryFolder();
            tokenizer.Save(folder["tokenizer.json"]);
            ITokenizer loaded = TokenizerFile.Load(folder.Path);
            Assert.Equal(tokenizer.VocabularySize, loaded.VocabularySize);
            Assert.Equal(tokenizer.Encode(c.text), loaded.Encode(c.text));
            Assert.Equal(c.text, loaded.Decode(loaded.Encode(c.text)));
        }, count: 100);

    [Theory]
    [InlineData("bpe")]
    [InlineData("char")]
    public void What_is_no_Unicode_is_refused_and_never_changed(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        PropertyCheck.Holds(BrokenTexts, text => Assert.Throws<TokenizerException>(() => tokenizer.Encode(text)));
    }
}
