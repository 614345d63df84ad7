using TorchLm.Core.Training;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Inspection;
using TorchLm.Data.Loading;
using TorchLm.Data.Reading;
using TorchLm.Data.Shards;
using TorchLm.Tests.Data;
using TorchLm.Tokenizers;
using TorchSharp;

namespace TorchLm.Tests.Hostile;

/// <summary>Damaged data sets: read to the last token or refused in one sentence.</summary>
public sealed class DatasetFuzzTests : IDisposable
{
    private const int Context = 4, Vocabulary = 300;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a_train_000001.bin", 2)]
    [InlineData("a_train_000001.bin", 4)]
    [InlineData("train.bin", 2)]
    public void A_damaged_shard_is_read_or_refused(string name, int width)
    {
        int[] tokens = [.. Enumerable.Range(0, 60).Select(i => i * 4)];
        byte[] sound = name == "train.bin" ? ShardFiles.Headerless(tokens) : Shard(width, tokens);
        int head = name == "train.bin" ? sound.Length : 12;
        Fuzzer.Run($"{name} of {width} bytes a token", 600, seed => BinaryMutation.Of(sound, head, seed), bytes =>
        {
            _folder.Write(name, bytes);
            TokenDataset dataset = TokenDataset.Open(_folder.Path);
            Assert.Equal((bytes.Length - (name == "train.bin" ? 0 : 1024)) / width, dataset.Train.Tokens);
            using var windows = new EvaluationWindows(dataset.Train, Context, Vocabulary, torch.CPU);
            long targets = 0;
            foreach (Batch batch in windows.ReadAll(batchSize: 3))
            {
                using (batch) targets += batch.Targets.numel();
            }
            Assert.Equal(dataset.Train.Tokens - 1, targets);
        }, memory: 8 << 20);
    }

    /// <summary>Without a tokenizer nothing says how large an id can be; with 32 bits it can be two thousand million.</summary>
    [Fact]
    public void A_damaged_shard_without_a_tokenizer_is_inspected_or_refused()
    {
        byte[] sound = Shard(4, [.. Enumerable.Range(0, 60)]);
        Fuzzer.Run("inspection", 100, seed => BinaryMutation.Of(sound, sound.Length, seed), bytes =>
        {
            _folder.Write("a_train_000001.bin", bytes);
            TokenDataset dataset = TokenDataset.Open(_folder.Path);
            Assert.Equal(dataset.Train.Tokens, DatasetInspection.Of(dataset, tokenizer: null).TokenCounts.Sum());
        }, memory: 300 << 20); // the table of counts at its largest, and its half before
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_description_is_read_or_refused(bool mixture)
    {
        string set = Build(mixture), path = Path.Combine(set, DatasetManifest.FileName);
        byte[] sound = File.ReadAllBytes(path);
        ITokenizer tokenizer = TokenizerFile.Load(set);
        Fuzzer.Run("dataset.json", 1500, seed => JsonMutation.Of(sound, seed), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            TokenDataset dataset = TokenDataset.Open(set);
            dataset.VerifyChecksums();
            foreach (DatasetSplit split in dataset.Splits)
            {
                Assert.All(split.Shards, shard => Assert.Equal(Path.GetFullPath(set), Path.GetDirectoryName(Path.GetFullPath(shard.Path))));
                Assert.True(split.BytesPerToken is null or >= 0);
            }
            using var batches = new BatchLoader(dataset.Train, 2, Context, tokenizer.VocabularySize, 1, torch.CPU);
            batches.GetBatch(1000).Dispose();
        });
    }

    /// <summary>The notes of a build that was stopped: what is not whole is done again.</summary>
    [Fact]
    public void A_damaged_note_of_a_stopped_build_is_as_good_as_none()
    {
        Directory.CreateDirectory(_folder["out"]);
        using WorkFolder work = WorkFolder.Open(_folder["out"], "request");
        work.Save("train", new SplitProgress([new ShardEntry("a_train_000001.bin", 3, "00")], 1, 2, 1, 30, 1.5));
        string note = _folder.In("out", WorkFolder.Name, "train.json");
        byte[] sound = File.ReadAllBytes(note);
        Fuzzer.Run("progress", 500, seed => JsonMutation.Of(sound, seed), bytes =>
        {
            File.WriteAllBytes(note, bytes);
            if (work.LoadProgress("train") is not { } progress) return;
            Assert.All(progress.Shards, shard => Assert.False(TokenShardWriter.IsWhole(_folder["out"], shard)));
        }, leastRefused: 0);
    }

    [Fact]
    public void A_damaged_note_of_what_was_collected_is_as_good_as_none()
    {
        Directory.CreateDirectory(_folder["out"]);
        using WorkFolder work = WorkFolder.Open(_folder["out"], "request");
        SampleEntry[] samples = [new("a", "b")];
        work.Save(new CollectedCorpus([new SourceEntry("a", 1, 2)], 1, 2, 3, 4, 5, new PreparationEntry(1, 2, 3, [new SkippedEntry("Empty", 1, samples)],
            [new StepEntry("unicode", 1, 2, 3, 4, samples)]), [1, 2]));
        string note = _folder.In("out", WorkFolder.Name, WorkFolder.CorpusFile);
        byte[] sound = File.ReadAllBytes(note);
        Fuzzer.Run("corpus.json", 500, seed => JsonMutation.Of(sound, seed), bytes =>
        {
            File.WriteAllBytes(note, bytes);
            if (work.LoadCorpus() is not { } corpus) return;
            Assert.All(corpus.Sources, source => Assert.True(source.Bytes >= 0));
            Assert.All(corpus.Preparation.Steps.SelectMany(step => step.Samples).Concat(corpus.Preparation.Skipped.SelectMany(s => s.Samples)), Assert.NotNull);
        }, leastRefused: 0);
    }

    [Fact]
    public void Damaged_stored_documents_are_read_or_refused()
    {
        string path = _folder["documents.bin"];
        using (var writer = new DocumentStore.Writer(path))
        {
            for (int i = 0; i < 3; i++) writer.Write(new StoredDocument(i, "name", "source", i == 1 ? "\n" : null, (UInt128)i, null, "The quick brown fox"u8.ToArray()));
            writer.Complete();
        }
        byte[] sound = File.ReadAllBytes(path);
        Fuzzer.Run("documents.bin", 1000, seed => BinaryMutation.Of(sound, sound.Length, seed), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            Assert.All(DocumentStore.Read(path), document => Assert.InRange(document.Utf8.Length, 0, bytes.Length));
        });
    }

    private static byte[] Shard(int width, int[] tokens) => width == 2 ? ShardFiles.Shard(tokens)
        : [.. ShardLayout.MakeHeader(4, tokens.Length), .. tokens.SelectMany(BitConverter.GetBytes)];

    private string Build(bool mixture)
    {
        Document[] documents = [.. Enumerable.Range(0, 16).Select(i => Document.FromText($"The quick brown fox jumps over the lazy dog number {i}.", i < 8 ? "a" : "b"))];
        var options = new BuildOptions(Mixture: mixture ? new Mixture([new MixtureSource("a", "a", 1, null), new MixtureSource("b", "b", 2, null)]) : null);
        DatasetBuilder.Build(documents, TokenizerSource.Characters(), SplitRule.ByFraction(0.3), _folder["set"], options);
        return _folder["set"];
    }
}
