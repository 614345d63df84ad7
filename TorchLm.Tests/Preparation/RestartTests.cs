using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Datasets;
using TorchLm.Data.Deduplication;
using TorchLm.Data.Reading;
using TorchLm.Tests.Train;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Preparation;

/// <summary>The same request gives the same bytes, however many threads work on it and however often it was stopped.</summary>
public sealed class RestartTests : IDisposable
{
    private static readonly string[] s_texts = [.. Enumerable.Range(0, 400).Select(i => i % 9 == 8 ? Prose.Text($"number {i - 3}", i - 3) : Prose.Text($"number {i}", i))];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_are_the_same_bytes_for_any_number_of_threads()
    {
        Build("one/set", threads: 1);
        Dictionary<string, string> expected = PreparedSet.Bytes(_folder["one/set"]);
        Assert.True(expected.Count > 20, "There should be many shards.");
        foreach (int threads in (int[])[2, 3, 8])
        {
            Build($"threads{threads}/set", threads);
            Assert.Equal(expected, PreparedSet.Bytes(_folder[$"threads{threads}/set"]));
        }
    }

    [Theory]
    [InlineData(BuildPhase.Reading, 0), InlineData(BuildPhase.Tokenizer, 100_000), InlineData(BuildPhase.Encoding, 0), InlineData(BuildPhase.Encoding, 200_000)]
    public void A_stopped_build_goes_on_behind_what_it_had_finished(BuildPhase phase, long bytes)
    {
        Build("one/set", threads: 2);
        for (int stop = 0; stop < 2; stop++)
        {
            using var source = new CancellationTokenSource();
            var stopping = new Watch(progress =>
            {
                if (progress.Phase == phase && progress.Bytes > bytes * (stop + 1)) source.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => Build("again/set", threads: 2, stopping, source.Token));
            Assert.Throws<InputException>(() => TokenDataset.Open(_folder["again/set"]));
        }
        // Where nothing had been finished, nothing is left.
        Assert.Equal(phase != BuildPhase.Reading, Directory.Exists(_folder["again/set"]));
        Directory.CreateDirectory(_folder["again/set"]);
        Dictionary<string, DateTime> finished = Directory.GetFiles(_folder["again/set"], "*.bin").ToDictionary(path => path, File.GetLastWriteTimeUtc);
        List<BuildPhase> phases = [];
        Build("again/set", threads: 1, new Watch(progress => phases.Add(progress.Phase)));
        Assert.Equal(PreparedSet.Bytes(_folder["one/set"]), PreparedSet.Bytes(_folder["again/set"]));
        Assert.Equal(Enum.GetValues<BuildPhase>().Where(other => other >= phase), phases.Distinct());
        if (bytes == 200_000) Assert.True(finished.Count > 3);
        Assert.All(finished, shard => Assert.Equal(shard.Value, File.GetLastWriteTimeUtc(shard.Key))); // not written again
    }

    [Fact]
    public void What_another_request_left_is_not_gone_on_with()
    {
        using var source = new CancellationTokenSource();
        var stopping = new Watch(progress =>
        {
            if (progress.Phase == BuildPhase.Encoding && progress.Bytes > 200_000) source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => Build("again/set", 2, "another", stopping, source.Token));
        Build("again/set", threads: 2);
        Build("one/set", threads: 2);
        Assert.Equal(PreparedSet.Bytes(_folder["one/set"]), PreparedSet.Bytes(_folder["again/set"]));
    }

    [Fact]
    public void A_finished_shard_that_was_damaged_since_is_made_again()
    {
        using var source = new CancellationTokenSource();
        var stopping = new Watch(progress =>
        {
            if (progress.Phase == BuildPhase.Encoding && progress.Bytes > 300_000) source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => Build("again/set", 2, stopping, source.Token));
        string shard = Directory.GetFiles(_folder["again/set"], "*_train_*.bin").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);
        Build("again/set", threads: 2);
        Build("one/set", threads: 2);
        Assert.Equal(PreparedSet.Bytes(_folder["one/set"]), PreparedSet.Bytes(_folder["again/set"]));
    }

    [Theory]
    [InlineData("corpus.json"), InlineData("train.json"), InlineData("request.txt")]
    public void A_damaged_note_is_as_good_as_none(string note)
    {
        using var source = new CancellationTokenSource();
        var stopping = new Watch(progress =>
        {
            if (progress.Phase == BuildPhase.Encoding && progress.Bytes > 300_000) source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => Build("again/set", 2, stopping, source.Token));
        File.WriteAllText(Path.Combine(_folder["again/set"], ".prepare", note), "{");
        Build("again/set", threads: 2);
        Build("one/set", threads: 2);
        Assert.Equal(PreparedSet.Bytes(_folder["one/set"]), PreparedSet.Bytes(_folder["again/set"]));
    }

    [Fact]
    public void A_killed_program_goes_on_when_it_is_run_again()
    {
        foreach ((string text, int i) in s_texts.Select((text, i) => (text, i))) _folder.Write($"in/{i:D4}.txt", text);
        string[] arguments = ["prepare", "in", "--out", "killed", "--vocab-size", "400", "--shard-tokens", "1000", "--clean", "web"];
        using (Process process = ProgramProcess.Start(_folder.Path, arguments))
        {
            var deadline = Stopwatch.StartNew();
            while (!process.HasExited && deadline.Elapsed < TimeSpan.FromMinutes(1) && (!Directory.Exists(_folder["killed"]) || Directory.GetFiles(_folder["killed"], "*.bin").Length < 20))
            {
                Thread.Sleep(1);
            }
            process.Kill();
            process.WaitForExit();
        }
        Assert.True(File.Exists(_folder["killed/dataset.unfinished"]), "It was to be killed while it wrote shards.");
        ProgramProcess.Run(_folder.Path, "data", "inspect", "killed").AssertRefused("was not made to the end");
        ProgramProcess again = ProgramProcess.Run(_folder.Path, [.. arguments, "--threads", "1"]);
        Assert.True(again.ExitCode == 0, again.Errors);
        Assert.Equal(0, ProgramProcess.Run(_folder.Path, [.. arguments[..3], "whole/killed", .. arguments[4..]]).ExitCode);
        Assert.Equal(PreparedSet.Bytes(_folder["whole/killed"]), PreparedSet.Bytes(_folder["killed"]));
    }

    private void Build(string folder, int threads, IProgress<BuildProgress>? progress = null, CancellationToken cancellation = default) =>
        Build(folder, threads, "this", progress, cancellation);

    private void Build(string folder, int threads, string request, IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        var preparation = new PreparationOptions(CleaningSteps.Create(new HashSet<string> { "unicode", "boilerplate", "stop-words" }, new CleaningOptions()), true, new NearDuplicateOptions());
        DatasetBuilder.Build(s_texts.Select(text => Document.FromText(text, "here")), TokenizerSource.TrainedBpe(new BpeTrainerOptions(400)), SplitRule.ByFraction(0.2, testFraction: 0.1),
            _folder[folder], new BuildOptions(MaxTokensPerShard: 5000, Threads: threads, Request: request) { Preparation = preparation }, progress, cancellation);
    }

    private sealed class Watch(Action<BuildProgress> look) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => look(value);
    }
}
