using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;

namespace TorchLm.Tests.Data;

public sealed class TokenDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_of_llm_c_open_without_a_description()
    {
        _folder.Write("fineweb_val_000000.bin", ShardFiles.Shard(1, 2));
        _folder.Write("fineweb_train_000002.bin", ShardFiles.Shard(6));
        _folder.Write("fineweb_train_000001.bin", ShardFiles.Shard(3, 4, 5));
        _folder.Write("notes.txt", "not a shard");
        TokenDataset dataset = TokenDataset.Open(_folder.Path);
        Assert.Null(dataset.Manifest);
        Assert.Null(dataset.TokenizerFile);
        Assert.Equal(["train", "val"], dataset.Splits.Select(split => split.Name));
        Assert.Equal([3L, 4, 5, 6], ShardFiles.ReadAll(dataset.Train));
        Assert.Equal(4, dataset.Train.Tokens);
        Assert.Equal(2, dataset.Val!.Tokens);
        Assert.Null(dataset.Val.Bytes);
        Assert.Null(dataset.Val.BytesPerToken);
    }

    [Fact]
    public void Files_of_nanoGpt_open_without_a_description()
    {
        _folder.Write("train.bin", ShardFiles.Headerless(1, 2, 3));
        _folder.Write("val.bin", ShardFiles.Headerless(4));
        TokenDataset dataset = TokenDataset.Open(_folder.Path);
        Assert.Equal([1L, 2, 3], ShardFiles.ReadAll(dataset.GetSplit("train")));
        Assert.Equal([4L], ShardFiles.ReadAll(dataset.GetSplit("val")));
    }

    [Fact]
    public void What_is_not_a_data_set_is_refused_in_a_sentence()
    {
        Refuses(_folder["none"], "There is no folder");
        Refuses(_folder.Write("text.txt", "text"), "is a file, but a data set is a folder");
        Refuses(_folder.Path, "There are no token shards in");
        _folder.Write("a_val_000000.bin", ShardFiles.Shard(1));
        Refuses(_folder.Path, "has no train split (only val)");
        _folder.Write("b_train_000001.bin", ShardFiles.Shard(1));
        Refuses(_folder.Path, "holds shards of several data sets (a, b)");
        File.Delete(_folder["a_val_000000.bin"]);
        string message = Assert.Throws<InputException>(() => TokenDataset.Open(_folder.Path).GetSplit("test")).Message;
        Assert.Contains("has no split 'test': it has train", message);
        _folder.Write("dataset.unfinished", "");
        Refuses(_folder.Path, "was not made to the end");
    }

    [Fact]
    public void A_description_that_does_not_fit_is_refused_in_a_sentence()
    {
        string set = Build();
        string json = File.ReadAllText(Path.Combine(set, "dataset.json"));
        string shard = Path.Combine(set, "set_train_000001.bin");
        byte[] tokens = File.ReadAllBytes(shard);

        File.WriteAllBytes(shard, ShardFiles.Shard(1, 2));
        Refuses(set, "has 2 tokens, but dataset.json says");
        File.Delete(shard);
        Refuses(set, "lists the shard 'set_train_000001.bin', but it is not there");
        File.WriteAllBytes(shard, tokens);

        File.WriteAllText(Path.Combine(set, "dataset.json"), json.Replace("\"formatVersion\": 1", "\"formatVersion\": 2"));
        Refuses(set, "has format version 2, but this program reads up to 1");
        File.WriteAllText(Path.Combine(set, "dataset.json"), json.Replace("\"tokenizer\":", "\"tokeniser\":"));
        Refuses(set, "is not a description of a data set");
        File.WriteAllText(Path.Combine(set, "dataset.json"), json[..(json.Length / 2)]);
        Refuses(set, "is not a description of a data set");
        File.WriteAllText(Path.Combine(set, "dataset.json"), json.Replace("set_train_000001.bin", "../set/set_train_000001.bin"));
        Refuses(set, "lists the shard '../set/set_train_000001.bin', which is not the name of a file beside it");

        File.WriteAllText(Path.Combine(set, "dataset.json"), json);
        TokenDataset.Open(set);
        File.Delete(Path.Combine(set, "tokenizer.json"));
        Refuses(set, "lacks its tokenizer.json");
    }

    [Fact]
    public void A_changed_shard_is_found_by_its_checksum()
    {
        string set = Build();
        TokenDataset.Open(set).VerifyChecksums();
        string shard = Path.Combine(set, "set_val_000000.bin");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^2] ^= 1;
        File.WriteAllBytes(shard, bytes);
        TokenDataset changed = TokenDataset.Open(set);
        Assert.Contains("set_val_000000.bin' is damaged", Assert.Throws<InputException>(changed.VerifyChecksums).Message);
    }

    private static void Refuses(string path, string complaint)
    {
        string message = Assert.Throws<InputException>(() => TokenDataset.Open(path)).Message;
        Assert.Contains(complaint, message);
    }

    private string Build()
    {
        Document[] documents = [Document.FromText("The quick brown fox jumps over the lazy dog.", "here")];
        DatasetBuilder.Build(documents, TokenizerSource.Existing(new ByteTokenizer()), SplitRule.ByFraction(), _folder["set"]);
        return _folder["set"];
    }
}
