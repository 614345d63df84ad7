using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace TorchLm.Tests.Train;

public sealed class PlanCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData("fp32", "false", 16)]
    [InlineData("bf16", "false", 8)]
    [InlineData("bf16", "true", 16)]
    public async Task Memory_is_within_15_percent_of_what_a_run_then_takes(string precision, string recomputes, int batch)
    {
        string[] settings =
        [
            "--precision", precision, "--set", "model.layerCount=6", "--set", "model.embeddingSize=256", "--set", "model.contextLength=256",
            "--set", $"training.batchSize={batch}", "--set", "training.evalBatches=1", "--set", "training.saveInterval=1", "--set", $"training.activationCheckpointing={recomputes}",
        ];
        ProgramProcess planned = ProgramProcess.Run(_folder.Path, ["plan", "--json", .. settings]);
        Assert.Equal("", planned.Errors);
        JsonNode plan = JsonNode.Parse(planned.Output)!;
        double expected = plan["memory"]!.AsArray().Single(m => (int)m!["micro_batch"]! == batch)!["total"]!.GetValue<double>();

        using Process run = ProgramProcess.Start(_folder.Path, ["train", "--out", "run", "--max-steps", "2", .. settings]);
        Task<string> output = run.StandardOutput.ReadToEndAsync(), errors = run.StandardError.ReadToEndAsync();
        double peak = 0;
        while (!run.HasExited)
        {
            peak = Math.Max(peak, HighWater(run.Id));
            await Task.Delay(20);
        }
        Assert.True(run.ExitCode == 0, await errors + await output);
        Assert.True(expected / peak is > 0.85 and < 1.15, string.Create(CultureInfo.InvariantCulture, $"planned {expected / 1e6:0} MB, took {peak / 1e6:0} MB"));
    }

    [Fact]
    public void A_plan_says_everything_in_words()
    {
        ProgramProcess plan = ProgramProcess.Run(_folder.Path, ["plan", "--preset", "gpt2-tiny"]);
        Assert.Equal((0, ""), (plan.ExitCode, plan.Errors));
        foreach (string word in new[] { "parameters", "FLOPs a token", "tokens to train on", "compute-optimal tokens", "<- this run", "a checkpoint", "tokens/s", "evaluations" })
        {
            Assert.Contains(word, plan.Output, StringComparison.Ordinal);
        }
        Assert.All(plan.Output.Split('\n'), line => Assert.True(line.Length <= 160, line));
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public void Much_text_is_guessed_from_its_size_and_said_so()
    {
        string text = _folder.Write("big.txt", string.Concat(Enumerable.Repeat("All work and no play makes a dull day.\n", 500_000))); // 19.5 MB
        ProgramProcess plan = ProgramProcess.Run(_folder.Path, ["plan", "--preset", "gpt2-tiny", "--data", text, "--json"]);
        JsonNode json = JsonNode.Parse(plan.Output)!;
        Assert.False((bool)json["data_tokens_are_exact"]!);
        Assert.Equal(19_500_000 * 0.9, (double)json["data_tokens"]!, 19_500_000 * 0.01); // characters
    }

    [Fact]
    public void What_is_missing_is_said_in_a_sentence()
    {
        ProgramProcess plan = ProgramProcess.Run(_folder.Path, ["plan", "--data", "nowhere"]);
        Assert.Equal(2, plan.ExitCode);
        Assert.Contains("nowhere", plan.Errors, StringComparison.Ordinal);
    }

    private static double HighWater(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has just ended
        }
    }
}
