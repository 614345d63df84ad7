using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;

namespace TorchLm.Tests.Properties;

public class DatasetManifestProperties
{
    private static Gen<SplitEntry> Splits(string split) =>
        from tokens in Generators.Numbers(1, int.MaxValue).UpTo(4)
        from documents in Generators.Numbers(0, int.MaxValue)
        from bytes in Generators.Numbers(0, int.MaxValue)
        from nats in Gen.Elements<double?>(null, 0, 1.0 / 3, 1e300)
        from source in Generators.Texts(5)
        from hash in Generators.Texts(8)
        select new SplitEntry(tokens.Sum(t => (long)t), documents, bytes, nats,
            [.. tokens.Select((t, i) => new ShardEntry(ShardName.Format("größe & <more>", split, i), t, hash, source.Length == 0 ? null : source))]);

    private static Gen<DatasetManifest> Manifests =>
        from vocabulary in Generators.Numbers(1, int.MaxValue)
        from sources in (from path in Generators.Texts(20) from bytes in Generators.Numbers(0, int.MaxValue) select new SourceEntry(path, bytes, bytes / 3)).UpTo(3)
        from fraction in Gen.Elements<double?>(null, 0.1, 1e-9)
        from seed in Generators.Numbers(int.MinValue, int.MaxValue)
        from train in Splits("train")
        from val in Splits("val")
        from samples in (from document in Generators.Texts(10) from text in Generators.Texts(30) select new SampleEntry(document, text)).UpTo(3)
        from prepared in Gen.Elements(false, true)
        from names in Generators.Texts(6).UpTo(3)
        select new DatasetManifest(DatasetManifest.CurrentVersion, new TokenizerEntry("bpe", vocabulary), sources, new SplitRuleEntry("document", fraction, seed),
            new Dictionary<string, SplitEntry> { ["train"] = train, ["val"] = val },
            prepared ? new PreparationEntry(seed, vocabulary, 1, [new SkippedEntry("Empty", 2, samples)], [new StepEntry("unicode", 1, 2, 3, 4, samples)]) : null,
            names.Length == 0 ? null : [.. names.Select(name => new MixtureEntry(name, name + "/", 1.0 / names.Length, vocabulary))]);

    [Fact]
    public void A_description_comes_back() => PropertyCheck.Holds(Manifests, manifest =>
    {
        using var folder = new TemporaryFolder();
        manifest.Save(folder.Path);
        DatasetManifest read = DatasetManifest.Load(folder.Path);
        // Records compare lists by reference; their JSON, written by another serialiser than the files', compares all of it.
        Assert.Equal(JsonSerializer.Serialize(manifest), JsonSerializer.Serialize(read));
    });
}
