using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Data.Shards;
using TorchLm.Tests.Data;

namespace TorchLm.Tests.Hostile;

/// <summary>A file that names files names its neighbours. (An index of safetensors files has its own tests, with the import.)</summary>
/// <remarks>Links are followed: they are the user's own, no file's text can make one, and Hugging Face's cache and shards on another disk consist of them.</remarks>
public sealed class PathEscapeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PathEscapeTests()
    {
        Document[] documents = [.. Enumerable.Range(0, 8).Select(i => Document.FromText($"The quick brown fox jumps over the lazy dog number {i}.", "here"))];
        DatasetBuilder.Build(documents, TokenizerSource.Characters(), SplitRule.ByFraction(0.3), _folder["set"]);
        File.Copy(_folder.In("set", "set_train_000001.bin"), _folder["set_train_000001.bin"]); // what an escape would find
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Elsewhere() =>
        ["../set_train_000001.bin", "./set_train_000001.bin", "ABSOLUTE", "..", ".", "", "set_train_000001.bin\0", "a\0b", "/", "/dev/zero", "sub/x.bin", new string('x', 300)];

    [Theory]
    [MemberData(nameof(Elsewhere))]
    public void A_shard_that_is_not_beside_its_description_is_refused(string name)
    {
        Change(json => json["splits"]!["train"]!["shards"]![0]!["file"] = name == "ABSOLUTE" ? _folder["set_train_000001.bin"] : name);
        Assert.Contains("which is not the name of a file beside it; make the data set again", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_split_of_another_name_cannot_name_a_file_for_the_checksums()
    {
        Change(json =>
        {
            JsonNode split = json["splits"]!["train"]!.DeepClone();
            split["shards"]![0]!["file"] = "../set_train_000001.bin";
            json["splits"]!["more"] = split;
        });
        Assert.Contains("has a split 'more', but splits are called train, val, test", Refusal(), StringComparison.Ordinal);
    }

    [UnixFact("Windows has other names for files elsewhere")]
    public void What_is_only_an_odd_name_here_is_read()
    {
        const string Odd = @"a\b: c_train_000001.bin";
        File.Move(_folder.In("set", "set_train_000001.bin"), _folder.In("set", Odd));
        Change(json => json["splits"]!["train"]!["shards"]![0]!["file"] = Odd);
        TokenDataset.Open(_folder["set"]).VerifyChecksums();
    }

    [UnixFact("links need rights there")]
    public void A_link_is_the_users_own_and_followed()
    {
        string shard = _folder.In("set", "set_train_000001.bin");
        File.Delete(shard);
        File.CreateSymbolicLink(shard, _folder["set_train_000001.bin"]);
        TokenDataset.Open(_folder["set"]).VerifyChecksums();
    }

    [Fact]
    public void A_note_of_a_stopped_build_leads_nowhere_else()
    {
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(_folder["set_train_000001.bin"])));
        Assert.True(TokenShardWriter.IsWhole(_folder["set"], new ShardEntry("set_train_000001.bin", 1, hash)));
        Assert.False(TokenShardWriter.IsWhole(_folder["set"], new ShardEntry("../set_train_000001.bin", 1, hash)));
        Assert.False(TokenShardWriter.IsWhole(_folder["set"], new ShardEntry(_folder["set_train_000001.bin"], 1, hash)));
    }

    private void Change(Action<JsonNode> change)
    {
        string path = _folder.In("set", DatasetManifest.FileName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private string Refusal() => Assert.Throws<InputException>(() => TokenDataset.Open(_folder["set"])).Message;
}
