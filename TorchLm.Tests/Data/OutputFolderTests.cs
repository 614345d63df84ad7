using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;

namespace TorchLm.Tests.Data;

public sealed class OutputFolderTests : IDisposable
{
    private static readonly Document[] s_documents =
        [.. new[] { "first", "second", "third" }.Select(text => Document.FromText(text, "here"))];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_data_set_is_not_overwritten_unasked()
    {
        Build(s_documents);
        Dictionary<string, byte[]> before = Files();
        Assert.Contains("already: name another folder, or pass --overwrite",
            Assert.Throws<InputException>(() => Build(s_documents[..2])).Message);
        Assert.Equal(before, Files());

        File.Delete(_folder["set/dataset.json"]);
        Assert.Throws<InputException>(() => Build(s_documents)); // shards of another program are somebody's work, too
    }

    [Fact]
    public void Overwriting_replaces_the_data_set_and_nothing_else()
    {
        _folder.Write("set/notes.txt", "mine");
        Build(s_documents, maxTokensPerShard: 2);
        Build([Document.FromText("another text", "here")], overwrite: true);
        Assert.Equal(["dataset.json", "notes.txt", "set_train_000001.bin", "set_val_000000.bin", "tokenizer.json"],
            Files().Keys.Order());
        Assert.Equal(10, TokenDataset.Open(_folder["set"]).Train.Tokens);
    }

    [Fact]
    public void A_mistake_in_the_new_text_leaves_the_old_data_set_alone()
    {
        Build(s_documents);
        Dictionary<string, byte[]> before = Files();
        string bad = _folder.Write("bad.txt", [65, 0xFF]);
        Assert.Throws<InputException>(() => Build(TextInput.Find([bad]).Read(), overwrite: true));
        Assert.Equal(before, Files());
    }

    [Fact]
    public void A_killed_build_leaves_no_folder_that_looks_complete()
    {
        // Looks at the folder, as whoever comes after a kill would, whenever something has been done.
        List<BuildPhase> looks = [];
        var watch = new Watch(progress =>
        {
            looks.Add(progress.Phase);
            string message = Assert.Throws<InputException>(() => TokenDataset.Open(_folder["set"])).Message;
            Assert.Contains(progress.Phase == BuildPhase.Encoding ? "was not made to the end" : "There are no token shards", message);
        });
        Build(s_documents, maxTokensPerShard: 2, progress: watch);
        Assert.Equal([BuildPhase.Reading, BuildPhase.Encoding], looks.Distinct());
        Assert.True(TokenDataset.Open(_folder["set"]).Train.Shards.Count > 1);
    }

    [Fact]
    public void What_a_killed_build_left_is_replaced_without_asking()
    {
        _folder.Write("set/dataset.unfinished", "");
        _folder.Write("set/set_train_000001.bin", ShardFiles.Shard(1));
        _folder.Write("set/set_train_000007.bin.tmp", [1, 2, 3]);
        Build(s_documents);
        TokenDataset.Open(_folder["set"]);
        Assert.Equal(4, Files().Count);
    }

    [Theory]
    [InlineData(BuildPhase.Reading), InlineData(BuildPhase.Tokenizer), InlineData(BuildPhase.Encoding)]
    public void A_cancelled_build_leaves_nothing(BuildPhase phase)
    {
        using CancellationTokenSource source = new();
        var cancelling = new Watch(progress =>
        {
            if (progress.Phase == phase) source.Cancel();
        });
        string[] texts = [.. Enumerable.Range(0, 3000).Select(i => $"Text number {i}.")];
        Assert.Throws<OperationCanceledException>(() => DatasetBuilder.Build(texts.Select(text => Document.FromText(text, "here")), TokenizerSource.Characters(),
            SplitRule.ByFraction(), _folder["set"], new BuildOptions(MaxTokensPerShard: 200), cancelling, source.Token));
        Assert.False(Directory.Exists(_folder["set"]));
    }

    [Fact]
    public void Two_builds_in_one_folder_do_not_meet()
    {
        var second = new Watch(_ => Assert.Contains("Another process is making a data set",
            Assert.Throws<InputException>(() => Build(s_documents)).Message));
        Build(s_documents, progress: second);
        TokenDataset.Open(_folder["set"]);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused_in_a_sentence()
    {
        string file = _folder.Write("file", "text");
        Assert.Contains("it is a file; name a folder", Assert.Throws<InputException>(() =>
            Build(s_documents, folder: file)).Message);
        string below = Path.Combine(file, "below");
        string message = Assert.Throws<InputException>(() => Build(s_documents, folder: below)).Message;
        Assert.StartsWith($"Cannot write to the folder '{below}'", message);
    }

    private void Build(IEnumerable<Document> documents, bool overwrite = false, int maxTokensPerShard = 1000,
        string? folder = null, IProgress<BuildProgress>? progress = null) =>
        DatasetBuilder.Build(documents, TokenizerSource.Existing(new ByteTokenizer()), SplitRule.ByFraction(),
            folder ?? _folder["set"], new BuildOptions(overwrite, maxTokensPerShard), progress);

    private Dictionary<string, byte[]> Files() =>
        Directory.GetFiles(_folder["set"]).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private sealed class Watch(Action<BuildProgress> look) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => look(value);
    }
}
