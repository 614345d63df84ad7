using System.Text;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Data;

public sealed class DatasetBuilderTests : IDisposable
{
    private const int EndOfText = 256;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_decoded_tokens_are_the_text()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"Story {i}: žluťoučký kůň 🐎 {new string('x', i)}\n")];
        BuildReport report = Build(texts.Select(text => Document.FromText(text, "stories")), SplitRule.ByFraction(0.3),
            options: new(MaxTokensPerShard: 100));
        TokenDataset dataset = TokenDataset.Open(report.Folder);

        string[] train = Decode(dataset.Train), val = Decode(dataset.Val!);
        Assert.Equal(texts.Order(), train.Concat(val).Order());
        Assert.Equal(train, texts.Where(train.Contains)); // in the order given
        Assert.NotEmpty(val);
        Assert.True(dataset.Train.Shards.Count > 5);
    }

    [Fact]
    public void Counts_are_those_of_an_independent_count()
    {
        string[] texts = ["One ant.", "Zwei Käfer.", "", "三只蟋蟀。"];
        Document[] documents = [.. texts.Select((text, i) => Document.FromText(text, i < 2 ? "first" : "second", nats: i + 0.5))];
        BuildReport report = Build(documents, SplitRule.Explicit(number => number == 1 ? "val" : "train"));
        TokenDataset dataset = TokenDataset.Open(report.Folder);

        Assert.Equal(35, texts.Sum(Encoding.UTF8.GetByteCount));
        Assert.Equal((3L, 35L, 38L, 35.0 / 38), (report.Documents, report.Bytes, report.Tokens, report.BytesPerToken));
        Assert.Equal([new SourceEntry("first", 20, 2), new SourceEntry("second", 15, 1)], dataset.Manifest!.Sources);
        DatasetSplit train = dataset.Train, val = dataset.Val!;
        Assert.Equal((8L + 1 + 15 + 1, 2L, 23L, 4.0), (train.Tokens, train.Documents, train.Bytes, train.EntropyNats));
        Assert.Equal((13L, 1L, 12L, 1.5), (val.Tokens, val.Documents, val.Bytes, val.EntropyNats));
        Assert.Equal(12.0 / 13, val.BytesPerToken);
        Assert.Equal(new SplitRuleEntry("explicit", null, null), dataset.Manifest.SplitRule);
        Assert.Equal(new TokenizerEntry("char", 257), dataset.Manifest.Tokenizer);
        Assert.Equal(Path.Combine(report.Folder, "tokenizer.json"), dataset.TokenizerFile);
    }

    [Fact]
    public void A_share_that_few_documents_cannot_give_is_said()
    {
        Document[] few = [Document.FromText("A short one.", "a"), Document.FromText("Another of these.", "a")];
        string? note = Build(few, SplitRule.ByFraction(0.1)).SplitNote;
        Assert.Contains("10 %", note, StringComparison.Ordinal);
        Document[] one = [Document.FromText(string.Concat(Enumerable.Repeat("One long text. ", 100)), "a")];
        Assert.Null(DatasetBuilder.Build(one, TokenizerSource.Characters(), SplitRule.ByFraction(0.1), Path.Combine(_folder.Path, "one")).SplitNote);
    }

    [Fact]
    public void Entropy_unknown_for_one_document_is_unknown_for_the_split()
    {
        Document known = Document.FromText("known", "a", nats: 1), val = Document.FromText("val", "a", nats: 2);
        Document[] documents = [known, Document.FromText("unknown", "a"), val];
        TokenDataset dataset =
            TokenDataset.Open(Build(documents, SplitRule.Explicit(number => number == 2 ? "val" : "train")).Folder);
        Assert.Null(dataset.Train.EntropyNats);
        Assert.Equal(2, dataset.Val!.EntropyNats);
    }

    [Fact]
    public void A_single_document_is_divided_where_nanoGpt_divides_it()
    {
        // 25 characters of 1 to 4 bytes; Python: int(25 * 0.9) = 22.
        string text = "0123456789abcdefghijk🐎äöü";
        Assert.Equal(25, text.EnumerateRunes().Count());
        TokenDataset dataset = TokenDataset.Open(Build([Document.FromText(text, "one", nats: 3)], SplitRule.ByFraction()).Folder);
        Assert.Equal(["0123456789abcdefghijk🐎"], Decode(dataset.Train));
        Assert.Equal(["äöü"], Decode(dataset.Val!));
        Assert.Null(dataset.Train.EntropyNats);
        Assert.Equal(new SplitRuleEntry("position", 0.1, null), dataset.Manifest!.SplitRule);
    }

    [Fact]
    public void Without_a_validation_share_everything_is_for_training()
    {
        TokenDataset dataset =
            TokenDataset.Open(Build([Document.FromText("text", "one", nats: 3)], SplitRule.ByFraction(0)).Folder);
        Assert.Null(dataset.Val);
        Assert.Equal(3, dataset.Train.EntropyNats);
        Assert.Null(TokenDataset.Open(Build(["a", "b", "c"], SplitRule.ByFraction(0)).Folder).Val);
    }

    [SharedFileFact(SharedFiles.TinyShakespeare)]
    public void Tiny_Shakespeare_gives_nanoGpts_token_counts()
    {
        string path = SharedFiles.PathOf(SharedFiles.TinyShakespeare);
        TokenDataset dataset =
            TokenDataset.Open(Build(TextInput.Find([path]).Read(), SplitRule.ByFraction(), source: TokenizerSource.Characters()).Folder);
        Assert.Equal(65, dataset.Manifest!.Tokenizer.VocabularySize);
        Assert.Equal(1_003_854, dataset.Train.Tokens);
        Assert.Equal(111_540, dataset.Val!.Tokens);
        ITokenizer tokenizer = TokenizerFile.Load(dataset.TokenizerFile!);
        int[] ids = [.. ShardFiles.ReadAll(dataset.Train).Concat(ShardFiles.ReadAll(dataset.Val)).Select(token => (int)token)];
        Assert.Equal(File.ReadAllText(path), tokenizer.Decode(ids));
    }

    [Fact]
    public void A_document_keeps_its_side_when_others_are_added()
    {
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => $"Document number {i}.")];
        string[] before = Decode(TokenDataset.Open(Build(texts[..150], SplitRule.ByFraction(0.2, seed: 5)).Folder).Val!);
        string[] after = Decode(TokenDataset.Open(Build(texts.Reverse(), SplitRule.ByFraction(0.2, seed: 5)).Folder).Val!);
        string[] otherSeed = Decode(TokenDataset.Open(Build(texts, SplitRule.ByFraction(0.2, seed: 6)).Folder).Val!);
        Assert.Equal(before.Order(), after.Where(texts[..150].Contains).Order());
        Assert.InRange(after.Length, 35, 90); // 60 on average, standard deviation 7
        Assert.NotEqual(after.Order(), otherSeed.Order());
    }

    [Fact]
    public void A_test_split_is_held_out_beside_the_validation_split_and_is_as_stable()
    {
        string[] texts = [.. Enumerable.Range(0, 600).Select(i => $"Document number {i}.")];
        SplitRule rule = SplitRule.ByFraction(0.2, seed: 5, testFraction: 0.1);
        TokenDataset before = TokenDataset.Open(Build(texts[..300], rule).Folder);
        string[] test = Decode(before.GetSplit("test")), val = Decode(before.Val!);
        TokenDataset after = TokenDataset.Open(Build(texts.Reverse(), rule).Folder);
        Assert.Equal(test.Order(), Decode(after.GetSplit("test")).Where(texts[..300].Contains).Order());
        Assert.Equal(val.Order(), Decode(after.Val!).Where(texts[..300].Contains).Order());
        Assert.Equal(texts.Order(), after.Splits.SelectMany(Decode).Order());
        Assert.InRange(Decode(after.GetSplit("test")).Length, 30, 90); // 60 on average, standard deviation 7
        Assert.Equal(new SplitRuleEntry("document", 0.2, 5, 0.1), after.Manifest!.SplitRule);

        // A single document: nanoGPT's place for both, the test split last.
        TokenDataset one = TokenDataset.Open(Build(["0123456789abcdefghij"], SplitRule.ByFraction(0.2, testFraction: 0.1)).Folder);
        Assert.Equal(["0123456789abcd", "efgh", "ij"], one.Splits.SelectMany(Decode));
    }

    [Fact]
    public void Of_a_few_documents_one_is_on_each_side()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            TokenDataset few = TokenDataset.Open(Build(["one", "two"], SplitRule.ByFraction(0.01 + seed / 31.0, seed)).Folder);
            Assert.Single(Decode(few.Train));
            Assert.Single(Decode(few.Val!));
        }
    }

    [Fact]
    public void Equal_documents_are_never_on_both_sides()
    {
        foreach (double fraction in new[] { 0.01, 0.5, 0.99 })
        {
            TokenDataset equal = TokenDataset.Open(Build(["same", "same", "same"], SplitRule.ByFraction(fraction)).Folder);
            Assert.Null(equal.Val);
            Assert.Equal(3, equal.Train.Documents);
        }
    }

    [Fact]
    public void A_large_vocabulary_makes_wide_shards()
    {
        TokenDataset dataset =
            TokenDataset.Open(Build(["abc"], SplitRule.ByFraction(0), tokenizer: new ByteTokenizer(100_277, 100_257)).Folder);
        Assert.Equal([100_257L, 'a', 'b', 'c'], ShardFiles.ReadAll(dataset.Train));
    }

    [Fact]
    public void Progress_ends_with_all_bytes()
    {
        List<BuildProgress> reports = [];
        Build([Document.FromText("abc", "a"), Document.FromText("defg", "b")], SplitRule.ByFraction(),
            progress: new Collect(reports));
        Assert.Equal(new BuildProgress(BuildPhase.Encoding, 7, 1, 9), reports[^1]);
        Assert.Contains(new BuildProgress(BuildPhase.Reading, 7, null, 0), reports);
    }

    [Fact]
    public void What_cannot_be_encoded_is_named_and_nothing_is_left()
    {
        string bad = _folder.Write("bad.txt", "good\nbad \u0001");
        string message = Refuses(TextInput.Find([bad]).Read(), SplitRule.ByFraction(0));
        Assert.Contains($"'{bad}' cannot be encoded: U+0001 is not in the vocabulary.", message);
        Assert.False(Directory.Exists(_folder["set"]));
    }

    [Fact]
    public void What_leaves_nothing_to_train_on_is_refused()
    {
        Assert.Contains("The input holds no text", Refuses([Document.FromText("", "a")], SplitRule.ByFraction()));
        Assert.Contains("Nothing is left for the train split", Refuses([Document.FromText("x", "a")], SplitRule.ByFraction()));
        Assert.Contains("Nothing is left for the train split",
            Refuses([Document.FromText("x", "a")], SplitRule.Explicit(_ => "val")));
        Assert.False(Directory.Exists(_folder["set"]));
        foreach (double fraction in new[] { -0.1, 1, 7, double.NaN })
        {
            Assert.Contains("must be at least 0 and less than 1",
                Assert.Throws<InputException>(() => SplitRule.ByFraction(fraction)).Message);
        }
    }

    private string Refuses(IEnumerable<Document> documents, SplitRule rule) =>
        Assert.Throws<InputException>(() => Build(documents, rule)).Message;

    private BuildReport Build(IEnumerable<string> texts, SplitRule rule, ITokenizer? tokenizer = null) =>
        Build(texts.Select(text => Document.FromText(text, "here")), rule, tokenizer);

    private BuildReport Build(IEnumerable<Document> documents, SplitRule rule, ITokenizer? tokenizer = null,
        BuildOptions? options = null, IProgress<BuildProgress>? progress = null, TokenizerSource? source = null) =>
        DatasetBuilder.Build(documents, source ?? TokenizerSource.Existing(tokenizer ?? new ByteTokenizer(257, EndOfText)), rule,
            _folder["set"], options ?? new BuildOptions(Overwrite: true), progress);

    // The documents of a split, taken apart at the ends of text.
    private static string[] Decode(DatasetSplit split)
    {
        List<List<byte>> documents = [];
        foreach (long token in ShardFiles.ReadAll(split))
        {
            if (token == EndOfText) documents.Add([]);
            else documents[^1].Add((byte)token);
        }
        return [.. documents.Select(bytes => Encoding.UTF8.GetString([.. bytes]))];
    }

    private sealed class Collect(List<BuildProgress> reports) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => reports.Add(value);
    }
}
