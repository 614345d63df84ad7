using System.Text.Json;

namespace TorchLm.Tests.Train;

/// <summary>The ways that a user goes, from text to a model that speaks, with the real program.</summary>
public sealed class JourneyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_evaluate_sample()
    {
        Done("train", "--preset", "gpt2-tiny", "--out", "run", "--set", "training.steps=20", "--set", "training.evalInterval=10");
        foreach (string file in new[] { "config.json", "tokenizer.json", "metrics.jsonl", "latest.json", "best.json", "step-00000020/model.safetensors" })
        {
            Assert.True(File.Exists(Path.Combine(_folder.Path, "run", file)), file);
        }

        using JsonDocument eval = JsonDocument.Parse(Done("eval", "--model", "run", "--json").Output);
        double loss = eval.RootElement.GetProperty("loss").GetDouble();
        Assert.InRange(loss, 1, 4.2);
        Assert.Equal(Math.Exp(loss), eval.RootElement.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.Equal(loss / Math.Log(2), eval.RootElement.GetProperty("bits_per_byte").GetDouble(), 1e-9); // characters of ASCII are bytes
        Assert.Equal("val", eval.RootElement.GetProperty("split").GetString());
        Assert.True(eval.RootElement.GetProperty("tokens").GetInt64() > 100_000);
        using JsonDocument apart = JsonDocument.Parse(Done("eval", "--model", "run", "--stride", "24", "--json").Output);
        Assert.Equal(eval.RootElement.GetProperty("tokens").GetInt64(), apart.RootElement.GetProperty("tokens").GetInt64());
        Assert.Equal(loss, apart.RootElement.GetProperty("loss").GetDouble(), 0.02); // after 20 steps context helps nobody yet

        string[] sample = ["sample", "--model", "run", "--prompt", "The fox", "--max-tokens", "80", "--seed", "5"];
        string first = Done(sample).Output;
        Assert.StartsWith("The fox", first, StringComparison.Ordinal);
        Assert.Equal("The fox".Length + 80, first.TrimEnd('\n').Length, 3.0);
        Assert.Equal(first, Done(sample).Output);
        Assert.Equal(first, Done([.. sample, "--no-cache"]).Output);
        Assert.NotEqual(first, Done(["sample", "--model", "run", "--prompt", "The fox", "--max-tokens", "80", "--seed", "6"]).Output);

        string several = Done([.. sample, "--count", "2"]).Output;
        Assert.Contains(first.TrimEnd(), several, StringComparison.Ordinal);
        Assert.Equal(2, several.Split("The fox").Length - 1);
        Assert.StartsWith("The fox", ProgramProcess.Run(_folder.Path, "The fox", ["sample", "--model", "run", "-", "--max-tokens", "5"]).Output, StringComparison.Ordinal);
        Refused("sample", "--model", "run", "--prompt", "naïve").AssertRefused("ï");
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void A_run_stopped_and_resumed_is_the_run_that_was_not_stopped(string precision)
    {
        string[] settings = ["--preset", "gpt2-tiny", "--precision", precision, "--set", "training.steps=30", "--set", "training.evalInterval=10", "--set", "training.evalBatches=4", "--set", "training.saveInterval=15"];
        Done(["train", .. settings, "--out", "whole"]);
        Done(["train", .. settings, "--out", "parts", "--max-steps", "12"]);
        string config = Path.Combine(_folder.Path, "parts", "config.json");
        // A run that was made before there was a choice of precision says nothing of it, and is the same run in fp32.
        if (precision == "fp32") File.WriteAllLines(config, File.ReadAllLines(config).Where(line => !line.Contains("\"precision\"", StringComparison.Ordinal)));
        Assert.DoesNotContain("changed settings", Done("train", "--resume", "parts").Errors, StringComparison.Ordinal);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(Bytes("whole", file), Bytes("parts", file));
        }
        Assert.Equal(Losses("whole"), Losses("parts"));
        Assert.Contains($"\"precision\": \"{precision}\"", File.ReadAllText(config), StringComparison.Ordinal);
        Refused("train", "--resume", "parts").AssertRefused("step 30 of 30");

        byte[] Bytes(string run, string file) => File.ReadAllBytes(Path.Combine(_folder.Path, run, "step-00000030", file));

        string[] Losses(string run) => [.. File.ReadLines(Path.Combine(_folder.Path, run, "metrics.jsonl")).Select(line =>
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return string.Join(' ', json.RootElement.EnumerateObject().Where(p => p.Name is "step" or "train_loss" or "val_loss" or "lr" or "grad_norm")
                .Select(p => $"{p.Name}={p.Value}"));
        })];
    }

    [Fact]
    public void Prepared_shards_train_like_the_text_itself_and_the_configuration_repeats_the_run()
    {
        string text = string.Concat(Enumerable.Range(0, 600).Select(i => $"Line {i}: {i * i} is the square of {i}.\n"));
        _folder.Write("squares.txt", text);
        string[] settings = ["--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.steps=10", "--set", "training.evalInterval=5"];
        Done("prepare", "squares.txt", "--out", "set", "--tokenizer", "char");
        Done(["train", .. settings, "--data", "squares.txt", "--out", "from-text"]);
        Done(["train", .. settings, "--data", "set", "--out", "from-set"]);
        Done("train", "--config", "from-text/config.json", "--out", "again");
        byte[] expected = File.ReadAllBytes(Path.Combine(_folder.Path, "from-text/step-00000010/model.safetensors"));
        Assert.Equal(expected, File.ReadAllBytes(Path.Combine(_folder.Path, "from-set/step-00000010/model.safetensors")));
        Assert.Equal(expected, File.ReadAllBytes(Path.Combine(_folder.Path, "again/step-00000010/model.safetensors")));
    }

    [Fact]
    public void A_trained_vocabulary_survives_the_way_from_text_to_speech()
    {
        string text = string.Concat(Enumerable.Range(0, 400).Select(i => $"Ümläute und Zahlen {i}, 日本語 und {i % 7} Emojis 🦊🌳.\n"));
        _folder.Write("text/a.txt", text);
        _folder.Write("text/b.txt", text.Replace("und", "oder", StringComparison.Ordinal));
        _folder.Write("text/c.txt", text.Replace("Zahlen", "Ziffern", StringComparison.Ordinal));
        Done("prepare", "text", "--out", "set", "--tokenizer", "bpe", "--vocab-size", "400");
        Done("train", "--preset", "gpt2-tiny", "--data", "set", "--out", "run", "--set", "training.steps=10");
        string sample = Done("sample", "--model", "run", "--prompt", "日本語 🦊", "--max-tokens", "30").Output;
        Assert.StartsWith("日本語 🦊", sample, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_never_overwritten_unasked()
    {
        string[] train = ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.steps=2"];
        Done([.. train, "--out", "run"]);
        Refused([.. train, "--out", "run"]).AssertRefused("already holds a run", "--resume", "--overwrite");
        Done([.. train, "--out", "run", "--overwrite"]);
        Done(train);
        Done(train);
        Assert.True(Directory.Exists(Path.Combine(_folder.Path, "checkpoints", "gpt2-tiny")));
        Assert.True(Directory.Exists(Path.Combine(_folder.Path, "checkpoints", "gpt2-tiny-2")));
        _folder.Write("mine/letter.txt", "Dear Ann,");
        Refused([.. train, "--out", "mine", "--overwrite"]).AssertRefused("other files");
        Assert.True(File.Exists(Path.Combine(_folder.Path, "mine", "letter.txt")));
    }

    [Fact]
    public void Doctor_says_what_is_there()
    {
        string report = Done("doctor").Output;
        foreach (string word in new[] { "TorchSharp", "libtorch", "backend", "loader fix", "threads", "GPU", "memory", "disk", "yes  libtorch loads and computes" })
        {
            Assert.Contains(word, report, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Bench_times_a_shape_and_its_parts()
    {
        string[] bench = ["bench", "--config", "tiny", "--seconds", "0.1", "--json", "--precision", "bf16", "--precision", "fp32", "--without", "gelu"];
        using JsonDocument json = JsonDocument.Parse(Done(bench).Output);
        Assert.True(json.RootElement.GetProperty("peak_gflops").GetProperty("fp32").GetDouble() > 1);
        JsonElement[] shapes = [.. json.RootElement.GetProperty("shapes").EnumerateArray()];
        Assert.Equal(["bf16", "fp32"], shapes.Select(s => s.GetProperty("precision").GetString()));
        JsonElement shape = shapes[0];
        Assert.Equal("tiny", shape.GetProperty("name").GetString());
        double step = shape.GetProperty("ms_per_step").GetDouble();
        Assert.Equal(12 * 64 / step * 1000, shape.GetProperty("tokens_per_second").GetDouble(), 0.01 * 12 * 64 / step * 1000);
        foreach (string field in new[] { "share_of_peak", "baseline_ms_per_step", "data_ms", "forward_ms", "backward_ms", "clip_ms", "peak_rss_mb" })
        {
            Assert.True(shape.GetProperty(field).GetDouble() > 0, field);
        }
        Assert.True(shape.GetProperty("optimizer_ms").GetDouble() >= 0);
    }

    [UnixFact("there is no way to ask one process to end on Windows")]
    public async Task An_interrupted_run_is_saved_and_goes_on()
    {
        using System.Diagnostics.Process process = ProgramProcess.Start(_folder.Path, ["train", "--preset", "gpt2-tiny", "--out", "run", "--set", "training.steps=100000"]);
        try
        {
            string metrics = Path.Combine(_folder.Path, "run", "metrics.jsonl");
            Task<string> errors = process.StandardError.ReadToEndAsync();
            while (!process.HasExited && (!File.Exists(metrics) || new FileInfo(metrics).Length < 200)) await Task.Delay(50);
            // Not SIGINT, which takes the same way: a shell's background jobs, and so their children, ignore that one.
            using (var kill = System.Diagnostics.Process.Start("kill", ["-TERM", process.Id.ToString()])) await kill.WaitForExitAsync();
            Assert.True(process.WaitForExit(TimeSpan.FromMinutes(1)));
            Assert.Equal(130, process.ExitCode);
            Assert.Contains("--resume", await errors, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill(entireProcessTree: true); // nothing where it has ended
        }
        Done("train", "--resume", "run", "--max-time", "1s");
    }

    private ProgramProcess Done(params string[] arguments)
    {
        ProgramProcess result = ProgramProcess.Run(_folder.Path, arguments);
        Assert.True(result.ExitCode == 0, $"torchlm {string.Join(' ', arguments)} exited with {result.ExitCode}: {result.Errors}");
        return result;
    }

    private ProgramProcess Refused(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);
}
