using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

/// <summary>One tokenizer of each kind, made once for all tests.</summary>
internal static class TokenizerSamples
{
    public const string Corpus =
        """
        The fox said to the crow: "What a fine voice you have, and what fine feathers!" The crow opened her beak to sing;
        the cheese fell, and the fox had it. "I'll have the cheese," said he, "you'll have the lesson: don't trust flatterers."

        In 1668 and in 1694 the fables were printed; they've been read ever since, by the young and by the old.
        """;

    private static readonly Lazy<CharTokenizer> _char = new(() => MakeChar());
    private static readonly Lazy<ByteLevelBpeTokenizer> _bpe = new(() => BpeTrainer.Train(
        [Corpus, .. TextSamples.Tricky], new BpeTrainerOptions(400, [TokenTable.EndOfTextName, "<|pad|>"])).Tokenizer);

    private static readonly Lazy<ByteLevelBpeTokenizer> _nanochat = new(() => BpeTrainer.Train(
        [Corpus, .. TextSamples.Tricky], new BpeTrainerOptions(450, preTokenization: PreTokenization.Nanochat)).Tokenizer);

    public static readonly string[] Names = ["char", "bpe", "nanochat", "cl100k_base", "o200k_base"];

    public static IEnumerable<object[]> AllNames => Names.Select(name => new object[] { name });

    public static IEnumerable<object[]> ByteLevelNames => Names[1..].Select(name => new object[] { name });

    public static ITokenizer Get(string name) => name switch
    {
        "char" => _char.Value,
        "bpe" => _bpe.Value,
        "nanochat" => _nanochat.Value,
        "cl100k_base" => TiktokenEncoding.Cl100kBase,
        "o200k_base" => TiktokenEncoding.O200kBase,
        _ => throw new ArgumentException(name),
    };

    public static ByteLevelTokenizer GetByteLevel(string name) => (ByteLevelTokenizer)Get(name);

    // The characters of all the samples, so that it can express them.
    private static CharTokenizer MakeChar()
    {
        var builder = new CharTokenizerBuilder();
        foreach (string text in TextSamples.Tricky.Concat(TextSamples.Random(10_000, seed: 1))) builder.Add(text);
        for (int value = 0; value < 128; value++) builder.Add(((char)value).ToString());
        return builder.Build(withEndOfText: true);
    }
}
