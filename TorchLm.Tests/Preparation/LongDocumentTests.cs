using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Tests.Data;
using TorchLm.Tokenizers;
using TorchLm.Train.Commands;

namespace TorchLm.Tests.Preparation;

/// <summary>Documents that come in sections, because they are longer than 4 MB.</summary>
public sealed class LongDocumentTests : IDisposable
{
    private const string HeldOut = "Whoever measures a model on this very passage must be sure that it never stood in what the model was trained on before.";

    private static readonly string s_long = string.Concat(Enumerable.Range(0, 3000).Select(i => Prose.Text($"chapter {i}", i) + "\n\n\n\n        "));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none"), InlineData("unicode")]
    public void Nothing_is_lost_or_altered_where_sections_meet(string step)
    {
        Assert.True(s_long.Length > 4_300_000);
        _folder.Write("in/a.txt", s_long);
        Assert.Equal([s_long], Prepare(step == "none" ? [] : [step]));
    }

    [Fact]
    public void Held_out_text_is_removed_from_every_section_however_much_there_is_of_it()
    {
        string leaks = string.Concat(Enumerable.Range(0, 15).Select(i => $"{Prose.Text($"leak {i}", 5000 + i)} {HeldOut} "));
        _folder.Write("in/a.txt", s_long + leaks);
        string left = Assert.Single(Prepare(["held-out"], options => options with { HeldOutTexts = [HeldOut] }, out DatasetManifest manifest));
        Assert.DoesNotContain("measures a model on this very passage", left);
        Assert.StartsWith(s_long[..4_000_000], left);
        Assert.True(manifest.Preparation!.Steps.Single(step => step.Name == "held-out").BytesRemoved > 5000);
    }

    [Fact]
    public void Held_out_text_that_many_documents_hold_is_removed_from_all()
    {
        for (int i = 0; i < 30; i++) _folder.Write($"in/{i}.txt", $"{Prose.Text($"before {i}", i)} {HeldOut} {Prose.Text($"behind {i}", 1000 + i)}");
        string[] kept = Prepare(["held-out"], options => options with { HeldOutTexts = [HeldOut] }, out _);
        Assert.Equal(30, kept.Length);
        Assert.All(kept, text => Assert.DoesNotContain("measures a model on this very passage", text));
        // Where so asked, what more documents hold is common speech.
        Assert.All(Prepare(["held-out"], options => options with { HeldOutTexts = [HeldOut], HeldOutMaxDocuments = 10 }, out _), text => Assert.Contains(HeldOut, text));
    }

    [Fact]
    public void Only_texts_that_are_equal_to_their_ends_are_duplicates()
    {
        string[] texts = [s_long + "The first end.", s_long + "Another end.", s_long + "The first end.", "Short.", "Short."];
        for (int i = 0; i < texts.Length; i++) _folder.Write($"in/{i}.txt", texts[i]);
        Assert.Equal([texts[0], texts[1], "Short."], Prepare([], null, out DatasetManifest manifest));
        Assert.Equal(2, manifest.Preparation!.Steps.Single(step => step.Name == "exact-duplicates").DocumentsRemoved);
        Assert.Equal(3, manifest.Sources.Sum(source => source.Documents));
    }

    [Fact]
    public void A_long_document_with_bad_bytes_or_a_truncated_one_is_left_out_whole()
    {
        byte[] bytes = PackedFiles.Utf8(s_long);
        bytes[^100] = 0xFF;
        _folder.Write("in/a.txt", bytes);
        _folder.Write("in/b.txt", "whole");
        _folder.Write("in/c.txt.gz", PackedFiles.Gzip(PackedFiles.Utf8(s_long))[..^1000]);
        bytes = PackedFiles.Utf8(s_long);
        bytes[100] = 0xFF;
        _folder.Write("in/d.txt", bytes);
        foreach (string[] steps in (string[][])[[], ["boilerplate"]]) // in one pass and in two
        {
            Assert.Equal(["whole"], Prepare(steps, null, out DatasetManifest manifest));
            Assert.Equal([("Damaged", 1), ("InvalidBytes", 2)], manifest.Preparation!.Skipped.Select(skipped => (skipped.Reason, (int)skipped.Count)));
            Assert.Equal(1, manifest.Sources.Sum(source => source.Documents));
        }
    }

    [Fact]
    public void Shards_of_another_request_that_was_stopped_do_not_stay()
    {
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => Prose.Text($"number {i}", i))];
        Stopped("first", 2000, BuildPhase.Encoding, 100_000);
        Stopped("second", 100_000, BuildPhase.Reading, 0);
        Build("second", 100_000, null, default);
        string[] listed = [.. TokenDataset.Open(_folder["set"]).Splits.SelectMany(split => split.Shards).Select(shard => Path.GetFileName(shard.Path))];
        Assert.Equal(listed.Order(), Directory.GetFiles(_folder["set"], "*.bin").Select(path => Path.GetFileName(path)).Order());

        void Stopped(string request, int maxTokens, BuildPhase phase, long bytes)
        {
            using var source = new CancellationTokenSource();
            var stopping = new Watch(progress =>
            {
                if (progress.Phase == phase && progress.Bytes > bytes) source.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => Build(request, maxTokens, stopping, source.Token));
        }

        void Build(string request, int maxTokens, IProgress<BuildProgress>? progress, CancellationToken cancellation) =>
            DatasetBuilder.Build(texts.Select(text => Document.FromText(text, "here")), TokenizerSource.Characters(), SplitRule.ByFraction(0.1), _folder["set"],
                new BuildOptions(MaxTokensPerShard: maxTokens, Request: request), progress, cancellation);
    }

    [Fact]
    public void A_mixture_that_cannot_be_leaves_the_data_set_that_it_was_to_replace()
    {
        _folder.Write("in/a.txt", Prose.Text("a", 1));
        Prepare([]);
        Dictionary<string, string> before = PreparedSet.Bytes(_folder["set"]);
        Mixture mixture = new([new("big", "big", 1, null), new("small", "small", 0.0001, null)]);
        IEnumerable<Document> documents = [Document.FromText("Some text of the one.", "big"), Document.FromText("Some of the other.", "small")];
        Assert.Contains("'small' would be 0.01 % of training", Assert.Throws<InputException>(() => DatasetBuilder.Build(documents, TokenizerSource.Characters(),
            SplitRule.ByFraction(0), _folder["set"], new BuildOptions(Overwrite: true, Mixture: mixture))).Message);
        Assert.Equal(before, PreparedSet.Bytes(_folder["set"]));
    }

    [LinuxFact]
    public void A_pipe_in_a_folder_is_not_waited_for()
    {
        _folder.Write("in/a.txt", "text");
        using (var make = Process.Start("mkfifo", [_folder["in/b.txt"]])) make.WaitForExit();
        Assert.Equal(["text"], Prepare([], null, out DatasetManifest manifest));
        Assert.Equal("Empty", Assert.Single(manifest.Preparation!.Skipped).Reason);
    }

    [LinuxFact]
    public async Task A_filter_that_does_not_answer_can_be_interrupted()
    {
        using var source = new CancellationTokenSource();
        using var filter = new FilterProgram("cat > /dev/null", source.Token);
        Task<bool> asked = Task.Run(() => filter.Takes("a document"), CancellationToken.None);
        await Task.Delay(300, CancellationToken.None);
        Assert.False(asked.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None));
    }

    private string[] Prepare(string[] steps) => Prepare(steps, null, out _);

    // The documents that the tokens decode to, in the order of the input.
    private string[] Prepare(string[] steps, Func<CleaningOptions, CleaningOptions>? with, out DatasetManifest manifest)
    {
        var options = new CleaningOptions();
        var preparation = new PreparationOptions(CleaningSteps.Create(steps.ToHashSet(), with?.Invoke(options) ?? options), ExactDuplicates: true);
        var tokenizer = new ByteTokenizer(257, 256);
        manifest = DatasetBuilder.Build(TextInput.Find([_folder["in"]]).Read(), TokenizerSource.Existing(tokenizer), SplitRule.Explicit(_ => "train"), _folder["set"],
            new BuildOptions(Overwrite: true) { Preparation = preparation }).Manifest;
        List<List<byte>> documents = [];
        foreach (long id in ShardFiles.ReadAll(TokenDataset.Open(_folder["set"]).Train))
        {
            if (id == 256) documents.Add([]);
            else documents[^1].Add((byte)id);
        }
        return [.. documents.Select(bytes => System.Text.Encoding.UTF8.GetString([.. bytes]))];
    }

    private sealed class Watch(Action<BuildProgress> look) : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value) => look(value);
    }
}
