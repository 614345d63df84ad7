using TorchLm.Tests.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Hostile;

/// <summary>Damaged tokenizers: what is accepted works, what does not is refused.</summary>
public sealed class TokenizerFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("small characters")]
    [InlineData("bpe")]
    [InlineData("nanochat")]
    public void A_damaged_tokenizer_json_is_read_or_refused(string kind)
    {
        ITokenizer tokenizer = kind == "small characters" ? CharTokenizer.FromCharacters("The fox,123.üß日🦊\\".EnumerateRunes(), withEndOfText: true)
            : TokenizerSamples.Get(kind);
        tokenizer.Save(_folder["sound.json"]);
        byte[] sound = File.ReadAllBytes(_folder["sound.json"]);
        Fuzzer.Run(kind, 1000, seed => JsonMutation.Of(sound, seed), bytes =>
        {
            ITokenizer loaded = TokenizerFile.Load(_folder.Write("tokenizer.json", bytes));
            for (int id = 0; id < loaded.VocabularySize; id++) Assert.NotEqual(0, loaded.GetBytes(id).Length);
            const string Text = "The fox,123.";
            if (loaded.Kind == "char" && Text.EnumerateRunes().Any(rune => !Knows(loaded, rune.ToString()))) return;
            Assert.Equal(Text, loaded.Decode(loaded.Encode(Text)));
            loaded.Save(_folder["again.json"]);
            Assert.Equal(loaded.Encode(Text), TokenizerFile.Load(_folder["again.json"]).Encode(Text));
        });
    }

    private static bool Knows(ITokenizer tokenizer, string character) =>
        Enumerable.Range(0, tokenizer.VocabularySize).Any(id => tokenizer.EndOfTextId != id && tokenizer.Decode([id]) == character);
}
