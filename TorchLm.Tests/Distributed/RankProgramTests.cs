using System.Diagnostics;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Tests.Train;
using static TorchSharp.torch;

namespace TorchLm.Tests.Distributed;

/// <summary>The real program trains as several processes.</summary>
public sealed class RankProgramTests : IDisposable
{
    private static readonly Dictionary<string, string> s_noVariables = [];

    /// <summary>Each sequence is a part of its own, so that dropout is the same on any number of ranks.</summary>
    private static readonly string[] s_shape =
    [
        "--set", "model.layerCount=2", "--set", "model.embeddingSize=32", "--set", "model.headCount=2", "--set", "model.contextLength=32", "--set", "model.dropout=0.1",
        "--set", "training.batchSize=1", "--set", "training.gradientAccumulationSteps=6", "--set", "training.steps=100", "--set", "training.evalInterval=50",
        "--set", "training.evalBatches=4", "--set", "training.saveInterval=40", "--set", "training.logInterval=10", "--set", "training.precision=fp32",
        "--set", "optimizer.warmupSteps=10",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [MpiFact(MpiLauncher.OpenMpi)]
    public void Two_and_three_ranks_follow_one_and_repeat_themselves()
    {
        string corpus = Corpus();
        ProgramProcess alone = ProgramProcess.Run(_folder.Path, Train(corpus, "alone"));
        Assert.True(alone.ExitCode == 0, alone.Errors);
        AssertTrains(2, Train(corpus, "two"));
        AssertTrains(2, Train(corpus, "again"));
        AssertTrains(3, Train(corpus, "three"));
        AssertTrains(2, [.. Train(corpus, "shared"), "--set", "training.shardOptimizer=true"]);
        AssertClose("alone", "two");
        AssertClose("alone", "three");
        AssertClose("alone", "shared");
        Assert.Equal(Weights("two"), Weights("again"));
        JsonNode ranks = Metrics("three").Last(line => line["ranks"] is not null)["ranks"]!;
        Assert.Equal(3, (int)ranks["count"]!);
        Assert.InRange((double)ranks["fastest_ms"]!, 0.01, (double)ranks["slowest_ms"]!);
    }

    [MpiFact(MpiLauncher.OpenMpi)]
    public void Any_number_of_ranks_continues_a_run()
    {
        string corpus = Corpus();
        ProgramProcess alone = ProgramProcess.Run(_folder.Path, Train(corpus, "alone"));
        Assert.True(alone.ExitCode == 0, alone.Errors);
        ProgramProcess begun = ProgramProcess.Run(_folder.Path, [.. Train(corpus, "moved"), "--max-steps", "30"]);
        Assert.True(begun.ExitCode == 0, begun.Errors);
        AssertTrains(2, "train", "--resume", _folder["moved"], "--max-steps", "60");
        AssertTrains(3, "train", "--resume", _folder["moved"]);
        AssertClose("alone", "moved");
    }

    [MpiFact(MpiLauncher.OpenMpi)]
    public void What_is_wrong_is_said_once()
    {
        ProgramProcess unknown = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Run(3, s_noVariables, "train", "--presett", "x");
        ProgramProcess missing = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Run(3, s_noVariables, "train", "--data", _folder["nothing.txt"], "--out", _folder["run"]);
        foreach (ProgramProcess refused in new[] { unknown, missing })
        {
            Assert.Equal(2, refused.ExitCode);
            Assert.Single(refused.Errors.Split('\n'), line => line.StartsWith("torchlm: ", StringComparison.Ordinal));
        }
    }

    [MpiFact(MpiLauncher.OpenMpi)]
    public async Task A_rank_that_is_killed_ends_the_others_and_the_last_checkpoint_is_good()
    {
        using Process job = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Start(2, s_noVariables, Endless("killed"));
        Task<string> errors = job.StandardError.ReadToEndAsync(), output = job.StandardOutput.ReadToEndAsync();
        for (var waited = Stopwatch.StartNew(); !File.Exists(_folder["killed/latest.json"]); await Task.Delay(50)) Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2));
        Process.GetProcessById(Rank(1, job)).Kill(); // SIGKILL
        Assert.True(job.WaitForExit(TimeSpan.FromSeconds(30)), "it still runs");
        Assert.NotEqual(0, job.ExitCode);
        Assert.Contains("rank 1", await errors + await output, StringComparison.Ordinal);
        ProgramProcess resumed = ProgramProcess.Run(_folder.Path, "train", "--resume", _folder["killed"], "--set", "training.steps=100000", "--max-steps", "60000", "--max-time", "10s");
        Assert.True(resumed.ExitCode == 0, resumed.Errors);
        Assert.DoesNotContain("damaged", resumed.Errors, StringComparison.Ordinal);
    }

    [MpiFact(MpiLauncher.OpenMpi)]
    public Task The_last_rank_is_named_when_it_hangs_and_ends_the_others() => AssertNamed(2, of: 3, "last/latest.json", Endless("last"));

    /// <summary>It is the one that watches all the others, which then have to watch it.</summary>
    [MpiFact(MpiLauncher.OpenMpi)]
    public Task The_first_rank_is_named_when_it_hangs_and_ends_the_others() => AssertNamed(0, of: 3, "first/latest.json", Endless("first"));

    [MpiFact(MpiLauncher.OpenMpi)]
    public Task A_rank_that_hangs_while_the_first_one_prepares_text_is_named() =>
        AssertNamed(1, of: 2, "prepares/data", ["train", "--out", _folder["prepares"], "--set", "data.builtInBytes=4000000000"]);

    private string[] Endless(string run) => [.. Train(Corpus(), run), "--set", "training.steps=100000", "--set", "training.saveInterval=20"];

    /// <summary>Stops one of several ranks when a file of the run is there.</summary>
    private async Task AssertNamed(int rank, int of, string sign, string[] arguments)
    {
        using Process job = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Start(of, s_noVariables, arguments);
        Task<string> errors = job.StandardError.ReadToEndAsync(), output = job.StandardOutput.ReadToEndAsync();
        for (var waited = Stopwatch.StartNew(); !Path.Exists(_folder[sign]); await Task.Delay(50)) Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2));
        int victim = Rank(rank, job);
        using (Process stop = Process.Start("kill", ["-STOP", $"{victim}"])) await stop.WaitForExitAsync();
        Assert.True(job.WaitForExit(TimeSpan.FromSeconds(40)), "it still runs");
        Assert.NotEqual(0, job.ExitCode);
        string[] said = [.. (await errors).Split('\n').Where(line => line.StartsWith("torchlm: ", StringComparison.Ordinal))];
        Assert.Contains($"rank {rank} on ", Assert.Single(said), StringComparison.Ordinal);
        string seconds = rank == 0 ? "2[0-4]" : "20"; // where the first one is lost, each of the others waits longer than the one before
        Assert.Matches($"has not been heard of for {seconds} s", said[0]);
        Assert.Empty(Children(job.Id));
        await output;
    }

    private static int Rank(int rank, Process job) =>
        Children(job.Id).Single(id => File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains($"OMPI_COMM_WORLD_RANK={rank}"));

    private string Corpus() =>
        _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 4000).Select(i => $"{i} times {i % 7} is {i * (i % 7)}.")));

    private string[] Train(string corpus, string run) => ["train", "--data", corpus, "--out", _folder[run], "--set", "data.tokenizer=char", .. s_shape];

    private static void AssertTrains(int ranks, params string[] arguments)
    {
        ProgramProcess run = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Run(ranks, s_noVariables, arguments);
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
    }

    private void AssertClose(string expected, string actual)
    {
        double[] one = Losses(expected), other = Losses(actual);
        Assert.Equal(one.Length, other.Length);
        for (int i = 0; i < one.Length; i++) Assert.Equal(1, other[i] / one[i], 1e-5);
        float[] weights = Weights(expected), others = Weights(actual);
        double difference = Math.Sqrt(weights.Zip(others, (a, b) => Math.Pow(a - b, 2)).Sum()), size = Math.Sqrt(weights.Sum(w => Math.Pow(w, 2)));
        Assert.True(difference < 1e-5 * size, $"{difference} of {size}");
    }

    private JsonNode[] Metrics(string run) => [.. File.ReadLines(Path.Combine(_folder[run], "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];

    private double[] Losses(string run) => [.. Metrics(run).Select(line => (double?)(line["train_loss"] ?? line["val_loss"])).OfType<double>()];

    private float[] Weights(string run)
    {
        var folder = new RunFolder(_folder[run]);
        using SafeTensorsReader weights = Checkpoint.OpenWeights(folder.StepPath(100));
        var all = new List<float>();
        foreach (string name in weights.Names.Order(StringComparer.Ordinal))
        {
            using Tensor tensor = weights.Read(name);
            all.AddRange(tensor.data<float>());
        }
        return [.. all];
    }

    private static IEnumerable<int> Children(int parent) => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), out int id) ? id : 0)
        .Where(id => id > 0 && File.Exists($"/proc/{id}/stat") && File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].Split(' ')[2] == $"{parent}");
}
