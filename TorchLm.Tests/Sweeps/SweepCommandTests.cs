using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Sweeps;

/// <summary>torchlm sweep, with real trials of a very small model.</summary>
public sealed class SweepCommandTests : IDisposable
{
    private static readonly string[] s_short = ["--preset", "gpt2-tiny", "--data", "text.txt", "--devices", "cpu", "--threads", "1", "--set",
        "training.evalInterval=4", "--set", "optimizer.warmupSteps=2", "--set", "training.precision=fp32"];
    private readonly TemporaryFolder _folder = new();

    public SweepCommandTests()
    {
        var random = new Random(3);
        string[] words = ["the", "fox", "and", "a", "hen", "saw", "old", "king", "run", "far"];
        _folder.Write("text.txt", string.Join(' ', Enumerable.Range(0, 4000).Select(_ => words[random.Next(words.Length)])));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_grid_with_seeds_is_ordinary_runs_and_a_sorted_table()
    {
        ProgramProcess sweep = Sweep(["--set", "training.steps=8", "--try", "optimizer.learningRate=1e-6,1e-2", "--seeds", "2", "--json"]);
        Assert.Equal(0, sweep.ExitCode);
        JsonArray candidates = JsonNode.Parse(sweep.Output)!["candidates"]!.AsArray();
        Assert.Equal([0.01, 1e-6], candidates.Select(c =>
            c!["settings"]!["optimizer.learningRate"]!.GetValue<double>())); // 1e-6 learns nothing in 8 steps
        foreach (JsonNode? candidate in candidates)
        {
            // Against the runs' own metrics, and the mean by hand.
            double[] losses = [.. candidate!["trials"]!.AsArray().Select(name => BestLoss($"s/{name}"))];
            Assert.Equal((losses[0] + losses[1]) / 2, candidate["mean_val_loss"]!.GetValue<double>(), 12);
            Assert.Equal(Math.Abs(losses[0] - losses[1]) / Math.Sqrt(2), candidate["sd_val_loss"]!.GetValue<double>(), 12);
        }
        Assert.Equal(5, File.ReadAllLines(_folder["s/sweep.csv"]).Length); // a heading and four trials
        byte[] picture = File.ReadAllBytes(_folder["s/sweep.png"]);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        Assert.True(Directory.Exists(_folder["s/data"]));
        Assert.DoesNotContain(Directory.EnumerateDirectories(_folder["s"], "trial-*"), trial => Directory.Exists(Path.Combine(trial,
            "data"))); // made once, for all
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder["s/trial-02-seed-1338/config.json"]))!;
        Assert.Equal((0.01, 0.001, 1338L, "fp32"), (config["optimizer"]!["learningRate"]!.GetValue<double>(),
            config["optimizer"]!["minLearningRate"]!.GetValue<double>(),
            config["training"]!["seed"]!.GetValue<long>(), config["training"]!["precision"]!.GetValue<string>()));
        Assert.Equal(0, Run("sample", "--model", "s/trial-02-seed-1338", "--max-tokens", "5").ExitCode);

        // The same command makes nothing anew, another one is refused.
        DateTime made = File.GetLastWriteTimeUtc(_folder["s/trial-01-seed-1337/metrics.jsonl"]);
        ProgramProcess again = Run("sweep", "--out", "s");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("4 of 4 trials are done already", again.Errors, StringComparison.Ordinal);
        Assert.Contains("1.  1e-2", again.Output, StringComparison.Ordinal);
        Assert.Contains(" ± ", again.Output, StringComparison.Ordinal);
        Assert.Equal(made, File.GetLastWriteTimeUtc(_folder["s/trial-01-seed-1337/metrics.jsonl"]));
        Sweep(["--set", "training.steps=8", "--try", "model.dropout=0,0.1", "--seeds", "2"]).AssertRefused("another sweep",
            "--try model.dropout=0,0.1");
    }

    [Fact]
    public void Halving_continues_the_better_half_exactly()
    {
        ProgramProcess sweep = Sweep(["--set", "training.steps=16", "--try", "optimizer.learningRate=1e-6,1e-2", "--halving", "--json"]);
        Assert.Equal(0, sweep.ExitCode);
        JsonArray candidates = JsonNode.Parse(sweep.Output)!["candidates"]!.AsArray();
        Assert.Equal([(2, 16), (1, 8)], candidates.Select(c => (c!["candidate"]!.GetValue<int>(), c["steps"]!.GetValue<int>())));
        // A run in one piece with the same settings has the same losses to the last digit.
        ProgramProcess whole = Run("train", "--config", "s/trial-02/config.json", "--device", "cpu", "--threads", "1", "--out", "whole");
        Assert.Equal(0, whole.ExitCode);
        Assert.Equal(ValidationLosses("whole"), ValidationLosses("s/trial-02"));
        Assert.Equal(8, new RunFolder(_folder["s/trial-01"]).LatestStep);
    }

    [Fact]
    public void A_depth_is_swept_as_a_preset_is()
    {
        ProgramProcess sweep = Run("sweep", "--out", "s", "--depth", "1", "--set", "training.steps=2", "--set", "training.batchSize=2", "--set", "training.evalBatches=1",
            "--try", "optimizer.muonLearningRate=0.01,0.02", "--devices", "cpu", "--threads", "1");
        Assert.Equal((0, 2), (sweep.ExitCode, Directory.GetDirectories(_folder["s"], "trial-*").Length));
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder["s/trial-01/config.json"]))!;
        Assert.Equal((1, 64, "muon", 0.01), (config["model"]!["layerCount"]!.GetValue<int>(), config["model"]!["embeddingSize"]!.GetValue<int>(),
            config["optimizer"]!["name"]!.GetValue<string>(), config["optimizer"]!["muonLearningRate"]!.GetValue<double>()));
    }

    [Fact]
    public void Random_search_draws_the_same_candidates_again()
    {
        string[] drawn = ["--set", "training.steps=1", "--try", "optimizer.learningRate=1e-4..1e-2", "--random", "2", "--sweep-seed", "5", "--json"];
        string first = Sweep(drawn).Output, second = Sweep(drawn, "t").Output;
        static string[] Rates(string json) => [.. JsonNode.Parse(json)!["candidates"]!.AsArray().Select(c => c!["settings"]!.ToJsonString()).Order()];
        Assert.Equal(Rates(first), Rates(second));
        Assert.Equal(2, Rates(first).Distinct().Count());
    }

    [Fact]
    public void A_trial_that_diverges_is_shown_and_the_sweep_goes_on()
    {
        ProgramProcess sweep = Sweep(["--set", "training.steps=12", "--set", "training.onDivergence=stop", "--set", "training.skipLimit=1", "--set",
            "optimizer.gradientClip=0",
            "--set", "optimizer.weightDecay=100", "--set", "training.logInterval=1", "--try", "optimizer.learningRate=100,1e-2"]);
        Assert.Equal(0, sweep.ExitCode);
        Assert.Matches(@"2\.\s+100 .*failed", sweep.Output);
        Assert.Contains("diverged", sweep.Output, StringComparison.Ordinal);
        Assert.Contains("1.  1e-2", sweep.Output, StringComparison.Ordinal);
        Assert.Contains("diverged", File.ReadAllText(_folder["s/sweep.csv"]), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Ctrl_C_saves_and_the_same_command_goes_on()
    {
        string[] arguments = ["--set", "training.steps=400", "--set", "training.saveInterval=20", "--set", "training.evalInterval=200", "--try",
            "model.dropout=0,0.1"];
        using Process process = Start(arguments);
        await Until(process, () => new RunFolder(_folder["s/trial-01"]).LatestStep >= 20);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit(); // to it alone: a terminal would tell the child too
        string errors = await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("Go on with: torchlm sweep --out s", errors, StringComparison.Ordinal);
        long? reached = new RunFolder(_folder["s/trial-01"]).LatestStep;
        Assert.InRange(reached!.Value, 20, 399);
        Assert.False(File.Exists(_folder["s/trial-01/run.lock"])); // the child has ended

        ProgramProcess rest = Run("sweep", "--out", "s", "--devices", "cpu", "--threads", "1");
        Assert.Equal(0, rest.ExitCode);
        Assert.Contains($"Continuing at step {reached:N0}.", File.ReadAllText(_folder["s/logs/trial-01.log"]), StringComparison.Ordinal);
        Assert.Equal([400L, 400], new[] { "s/trial-01", "s/trial-02" }.Select(trial => new RunFolder(_folder[trial]).LatestStep!.Value));
    }

    [LinuxFact]
    public async Task After_a_kill_the_sweep_goes_on_once_the_trial_that_was_left_has_ended()
    {
        using Process process = Start(["--set", "training.steps=400", "--set", "training.saveInterval=20", "--set", "training.evalInterval=200",
            "--try", "model.dropout=0.1"]);
        await Until(process, () => new RunFolder(_folder["s/trial-01"]).LatestStep >= 20);
        process.Kill(entireProcessTree: false); // the trial's process trains on
        await process.WaitForExitAsync();
        ProgramProcess rest = Run("sweep", "--out", "s", "--devices", "cpu");
        Assert.Equal(0, rest.ExitCode);
        Assert.Contains("1.  0.1", rest.Output, StringComparison.Ordinal);
        Assert.Equal(400, new RunFolder(_folder["s/trial-01"]).LatestStep);
        Assert.DoesNotContain("--resume", File.ReadAllText(_folder["s/logs/trial-01.log"]), StringComparison.Ordinal); // it had made all of it
    }

    [Fact]
    public void Wrong_input_is_one_sentence_and_leaves_nothing_behind()
    {
        Sweep([]).AssertRefused("what to try");
        Sweep(["--try", "model.headCount=3"]).AssertRefused("Candidate 1", "model.headCount");
        Sweep(["--try", "model.layerCount=1..3"]).AssertRefused("--random");
        Sweep(["--try", "model.layerCount=1,2", "--seeds", "0"]).AssertRefused("--seeds");
        Run("sweep", "--out", "s", "--try", "model.dropout=0", "--devices", "cpu,tpu").AssertRefused("tpu");
        Run("sweep", "--out", ".", "--try", "model.dropout=0").AssertRefused("other files");
        Run("sweep", "--out", "s", "--preset", "fables", "--depth", "2", "--try", "model.dropout=0").AssertRefused("--depth and --preset exclude each other");
        Run("sweep", "--out", "s", "--preset", "finetune", "--try", "model.dropout=0").AssertRefused("random weights");
        Assert.False(Directory.Exists(_folder["s"]));
        Run("sweep", "--out", "s", "--try", "model.dropout=0", "--data", "nowhere.txt").AssertRefused("nowhere.txt");
    }

    private ProgramProcess Sweep(string[] arguments, string folder = "s") => Run(["sweep", "--out", folder, .. s_short, .. arguments]);

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);

    // A shell's background jobs, and so their children, ignore these signals unless told otherwise.
    private Process Start(string[] arguments) => Process.Start(new ProcessStartInfo("env",
        ["--default-signal=INT,TERM", "dotnet", Path.Combine(AppContext.BaseDirectory, "torchlm.dll"), "sweep", "--out", "s", .. s_short,
            .. arguments])
    {
        WorkingDirectory = _folder.Path, RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["OMP_NUM_THREADS"] = "1" },
    })!;

    private static async Task Until(Process process, Func<bool> isSo)
    {
        var watch = Stopwatch.StartNew();
        while (!process.HasExited && !isSo() && watch.Elapsed < TimeSpan.FromMinutes(2)) await Task.Delay(20);
        Assert.False(process.HasExited);
    }

    private double BestLoss(string run) => ValidationLosses(run).Min(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

    private string[] ValidationLosses(string run) =>
        [.. File.ReadLines(_folder[$"{run}/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!).Where(point => point["val_loss"] is not null
            && point["step"]!.GetValue<long>() > 0)
            .Select(point => $"{point["step"]} {point["val_loss"]!.ToJsonString()}")];
}
