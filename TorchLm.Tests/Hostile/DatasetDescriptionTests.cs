using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Inspection;
using TorchLm.Data.Reading;
using TorchLm.Data.Shards;

namespace TorchLm.Tests.Hostile;

/// <summary>A <c>dataset.json</c> that lies is refused in one sentence that names the lie.</summary>
public sealed class DatasetDescriptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _sound;

    public DatasetDescriptionTests()
    {
        Document[] documents = [.. Enumerable.Range(0, 16).Select(i => Document.FromText($"The quick brown fox jumps over the lazy dog number {i}.", i < 8 ? "a" : "b"))];
        var mixture = new Mixture([new MixtureSource("a", "a", 1, null), new MixtureSource("b", "b", 2, null)]);
        DatasetBuilder.Build(documents, TokenizerSource.Characters(), SplitRule.ByFraction(0.3), _folder["set"], new BuildOptions(Mixture: mixture));
        _sound = File.ReadAllText(_folder.In("set", DatasetManifest.FileName));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sources.0", "null", "one of its sources is null")]
    [InlineData("mixture.1", "null", "one of the sources of its mixture is null")]
    [InlineData("mixture.1.name", "\"a\"", "does not fit its shards")]
    [InlineData("mixture.1.share", "0.5", "does not fit its shards")]
    [InlineData("mixture.1.share", "-1", "does not fit its shards")]
    [InlineData("mixture", "[]", "does not fit its shards")]
    [InlineData("preparation.skipped", "[null]", "a part of its preparation is null")]
    [InlineData("preparation.steps", "[{\"name\":\"x\",\"documentsChanged\":0,\"changes\":0,\"documentsRemoved\":0,\"bytesRemoved\":0,\"samples\":[null]}]", "a part of its preparation is null")]
    [InlineData("splits.val", "null", "its val split is null")]
    [InlineData("splits.val.shards.0", "null", "its val split lists a shard that is null")]
    [InlineData("splits.val.shards.0.tokens", "-1", "with -1 tokens")]
    [InlineData("splits.val.shards.0.tokens", "9223372036854775807", "its val split has")]
    [InlineData("splits.val.tokens", "1", "its val split has 1 tokens, but its shards")]
    [InlineData("splits.val.documents", "-1", "its val split has -1 documents")]
    [InlineData("splits.val.bytes", "-9223372036854775808", "of -9223372036854775808 bytes")]
    [InlineData("splits.val.entropyNats", "1e999", "an entropy of")]
    [InlineData("splits.val.entropyNats", "-1", "an entropy of -1 nats")]
    [InlineData("tokenizer.vocabularySize", "0", "its tokenizer has 0 ids")]
    [InlineData("tokenizer.vocabularySize", "1e99", "tokenizer.vocabularySize in line")]
    [InlineData("tokenizer.kind", "\"\\ud800\"", "not a description of a data set")]
    [InlineData("splits.val.tokens", "\"many\"", "splits.val.tokens in line")]
    [InlineData("splits.val.tokens", "NaN", "is not valid JSON")]
    [InlineData("splits", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "not a description of a data set")]
    public void A_lie_is_named(string path, string value, string sentence)
    {
        string message = Refusal(Replaced(path, value));
        Assert.Contains(_folder["set"], message, StringComparison.Ordinal);
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.EndsWith("make the data set again.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_that_stands_twice_is_refused()
    {
        JsonNode json = JsonNode.Parse(_sound)!;
        JsonNode val = json["splits"]!["val"]!;
        val["shards"]!.AsArray().Add(val["shards"]![0]!.DeepClone());
        val["tokens"] = val["tokens"]!.GetValue<long>() + val["shards"]![0]!["tokens"]!.GetValue<long>();
        Assert.Contains("lists the shard 'set_val_000000.bin' twice", Refusal(json.ToJsonString()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_stands_twice_is_refused() =>
        Assert.Contains("not a description of a data set", Refusal(_sound.Replace("\"tokenizer\":", "\"formatVersion\": 1, \"tokenizer\":")), StringComparison.Ordinal);

    [Fact]
    public void A_field_that_is_missing_and_a_file_that_is_cut_are_said()
    {
        JsonObject json = JsonNode.Parse(_sound)!.AsObject();
        json.Remove("tokenizer");
        Assert.Contains("(it lacks tokenizer)", Refusal(json.ToJsonString()), StringComparison.Ordinal);
        json = JsonNode.Parse(_sound)!.AsObject();
        json["splits"]!["val"]!.AsObject().Remove("shards");
        Assert.Contains("(splits.val lacks shards)", Refusal(json.ToJsonString()), StringComparison.Ordinal);
        Assert.Contains("(line 3 is not valid JSON)", Refusal("{\n\"formatVersion\": 1,\n\"tokenizer\": {\"ki"), StringComparison.Ordinal);
        Assert.Contains("(line 1 is not valid JSON)", Refusal(""), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused_unread()
    {
        using (FileStream file = File.OpenWrite(_folder.In("set", DatasetManifest.FileName))) file.SetLength(10L << 30); // sparse
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("has 10240 MB, more than", Assert.Throws<InputException>(() => TokenDataset.Open(_folder["set"])).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_id_beyond_every_vocabulary_is_refused_where_no_tokenizer_says_how_many_there_are()
    {
        _folder.Write("other/a_train_000001.bin", [.. ShardLayout.MakeHeader(4, 3), 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0x7f, 2, 0, 0, 0]);
        TokenDataset dataset = TokenDataset.Open(_folder["other"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<InputException>(() => DatasetInspection.Of(dataset, tokenizer: null)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 << 20);
        Assert.Contains("position 1", message, StringComparison.Ordinal);
        Assert.Contains("is 2147483646", message, StringComparison.Ordinal);
    }

    private string Refusal(string json)
    {
        File.WriteAllText(_folder.In("set", DatasetManifest.FileName), json);
        string message = Assert.Throws<InputException>(() => TokenDataset.Open(_folder["set"])).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    /// <summary>The sound file with a value put in as text: JsonNode would refuse some of it.</summary>
    private string Replaced(string path, string value)
    {
        JsonNode json = JsonNode.Parse(_sound)!;
        string[] steps = path.Split('.');
        JsonNode parent = json;
        foreach (string step in steps[..^1]) parent = parent is JsonArray array ? array[int.Parse(step)]! : parent[step]!;
        if (parent is JsonArray list) list[int.Parse(steps[^1])] = "MARK";
        else parent[steps[^1]] = "MARK";
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }).Replace("\"MARK\"", value);
    }
}
