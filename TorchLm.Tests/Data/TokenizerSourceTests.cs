using System.Text;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Data.Shards;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Data;

public sealed class TokenizerSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Characters_of_all_documents_have_an_id()
    {
        TokenDataset dataset = Build(TokenizerSource.Characters(withEndOfText: true), "ab", "cd", "ea🐎");
        ITokenizer tokenizer = TokenizerFile.Load(dataset.TokenizerFile!);
        Assert.Equal("char", dataset.Manifest!.Tokenizer.Kind);
        Assert.Equal(7, tokenizer.VocabularySize); // a b c d e 🐎 and the end of text
        int[] ids = [.. dataset.Splits.SelectMany(ShardFiles.ReadAll).Select(id => (int)id)];
        Assert.Equal(3, ids.Count(id => id == tokenizer.EndOfTextId));
        Assert.Equal("🐎abcdea".Order(), tokenizer.Decode([.. ids.Where(id => id != tokenizer.EndOfTextId)]).Order());
    }

    [Theory]
    [InlineData("bpe", 0), InlineData("bpe", 3), InlineData("cl100k_base", 0), InlineData("cl100k_base", 2), InlineData("cl100k_base", 5)]
    public void A_large_file_in_pieces_has_the_ids_of_the_whole(string kind, int shift)
    {
        // It is read in sections of 4 MiB; the shift moves another character of the same text to the border.
        StringBuilder text = new(new string('a', shift));
        for (int i = 0; text.Length < 4_300_000; i++)
        {
            text.Append(i % 7 == 0 ? "\n\n  " : " ").Append("word").Append(i * 31 % 997).Append(i % 11 == 0 ? "é!?\n" : i % 5 == 0 ? "" : ",");
        }
        string path = _folder.Write("large.txt", text.ToString());
        Assert.Equal(2, TextInput.Find([path]).Read().Count());

        TokenizerSource source = TokenizerSource.From(TokenizerChoice.Parse(kind), vocabularySize: 300);
        DatasetBuilder.Build(TextInput.Find([path]).Read(), source, SplitRule.ByFraction(0), _folder["set"]);
        TokenDataset dataset = TokenDataset.Open(_folder["set"]);
        ITokenizer tokenizer = TokenizerFile.Load(dataset.TokenizerFile!);
        int[] whole = [tokenizer.EndOfTextId!.Value, .. tokenizer.Encode(text.ToString())];
        Assert.Equal(whole.Select(id => (long)id), ShardFiles.ReadAll(dataset.Train));
        using TokenShard shard = TokenShard.Open(dataset.Train.Shards[0].Path);
        Assert.Equal(kind == "bpe" ? 2 : 4, shard.BytesPerToken);
    }

    [Fact]
    public void A_trained_tokenizer_is_that_of_the_documents()
    {
        string[] texts = ["low lower lowest low low", "new newer newest new", "slow slower"];
        TokenDataset dataset = Build(TokenizerSource.TrainedBpe(new BpeTrainerOptions(270)), texts);
        ByteLevelBpeTokenizer expected = BpeTrainer.Train(texts, new BpeTrainerOptions(270)).Tokenizer;
        ITokenizer built = TokenizerFile.Load(dataset.TokenizerFile!);
        Assert.Equal(expected.VocabularySize, built.VocabularySize);
        for (int id = 0; id < expected.VocabularySize; id++)
        {
            Assert.Equal(expected.GetBytes(id).ToArray(), built.GetBytes(id).ToArray());
        }
    }

    [Fact]
    public void A_tokenizer_that_cannot_be_had_is_refused_in_a_sentence()
    {
        string broken = _folder.Write("tokenizer.json", "{");
        Assert.Throws<InputException>(() => TokenizerSource.From(TokenizerChoice.Parse(broken), vocabularySize: 0));
        Assert.Contains("too small", Assert.Throws<InputException>(() =>
            TokenizerSource.From(TokenizerChoice.Parse("bpe"), vocabularySize: 7)).Message);

        string path = _folder.Write("other.txt", "é");
        ITokenizer ascii = CharTokenizer.FromCharacters("abc".EnumerateRunes());
        string message = Assert.Throws<InputException>(() =>
            DatasetBuilder.Build(TextInput.Find([path]).Read(), TokenizerSource.Existing(ascii),
            SplitRule.ByFraction(0), _folder["set"])).Message;
        Assert.StartsWith($"'{path}' cannot be encoded: ", message);
    }

    private TokenDataset Build(TokenizerSource source, params string[] texts)
    {
        DatasetBuilder.Build(texts.Select(text => Document.FromText(text, "here")), source, SplitRule.ByFraction(0.3),
            _folder["set"]);
        return TokenDataset.Open(_folder["set"]);
    }
}
