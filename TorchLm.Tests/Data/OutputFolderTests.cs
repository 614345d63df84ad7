using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;

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
        Assert.Throws<InputException>(() => Build(TextFiles.Find([bad]), overwrite: true));
        Assert.Equal(before, Files());
    }

    [Fact]
    public void A_killed_build_leaves_no_folder_that_looks_complete()
    {
        // Looks at the folder, as whoever comes after a kill would, at every document of every reading.
        int looks = 0, unfinished = 0;
        IEnumerable<Document> Watching()
        {
            foreach (Document document in s_documents)
            {
                yield return document;
                looks++;
                string message = Assert.Throws<InputException>(() => TokenDataset.Open(_folder["set"])).Message;
                if (message.Contains("was not made to the end")) unfinished++;
                else Assert.Empty(Files());
            }
        }
        Build(Watching(), maxTokensPerShard: 2);
        Assert.Equal(6, looks);
        Assert.Equal(3, unfinished);
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

    [Fact]
    public void A_cancelled_build_leaves_nothing()
    {
        using CancellationTokenSource source = new();
        int readings = 0;
        IEnumerable<Document> Cancelling()
        {
            readings++;
            foreach (Document document in s_documents)
            {
                yield return document;
                if (readings == 2) source.Cancel();
            }
        }
        Assert.Throws<OperationCanceledException>(() => DatasetBuilder.Build(Cancelling(),
            TokenizerSource.Existing(new ByteTokenizer()),
            SplitRule.ByFraction(), _folder["set"], new BuildOptions(MaxTokensPerShard: 2), cancellation: source.Token));
        Assert.False(Directory.Exists(_folder["set"]));
    }

    [Fact]
    public void Text_that_changes_between_readings_is_noticed()
    {
        int readings = 0;
        IEnumerable<Document> Changing() => [Document.FromText(++readings == 1 ? "before" : "after it", "here")];
        IEnumerable<Document> Enumerating()
        {
            foreach (Document document in Changing()) yield return document;
        }
        Assert.Contains("changed while they were being read", Assert.Throws<InputException>(() => Build(Enumerating())).Message);
        Assert.False(Directory.Exists(_folder["set"]));
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
        string? folder = null) =>
        DatasetBuilder.Build(documents, TokenizerSource.Existing(new ByteTokenizer()), SplitRule.ByFraction(),
            folder ?? _folder["set"], new BuildOptions(overwrite, maxTokensPerShard));

    private Dictionary<string, byte[]> Files() =>
        Directory.GetFiles(_folder["set"]).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
}
