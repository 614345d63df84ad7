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
    [InlineData("bf16", "true", 8)]
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

        using Process run = ProgramProcess.Start(_folder.Path, ["train", "--out", "run", "--max-steps", "1", .. settings]);
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

    [Fact]
    public void Several_ranks_are_planned_for_in_words()
    {
        ProgramProcess plan = ProgramProcess.Run(_folder.Path, ["plan", "--preset", "gpt2-tiny", "--ranks", "5"]);
        Assert.Equal((0, ""), (plan.ExitCode, plan.Errors));
        string[] words = ["On 5 ranks", "10 GB/s (assumed: --bandwidth)", "10 microseconds", "gradients: ", "whole on each rank", "sharded (*)", "training.shardOptimizer"];
        foreach (string word in words)
        {
            Assert.Contains(word, plan.Output, StringComparison.Ordinal);
        }
        Assert.All(plan.Output.Split('\n'), line => Assert.True(line.Length <= 160, line));
    }

    [Fact]
    public void What_cannot_shard_its_optimizer_has_no_plan_for_it()
    {
        ProgramProcess plan = ProgramProcess.Run(_folder.Path, ["plan", "--preset", "gpt2-tiny", "--set", "optimizer.name=muon", "--ranks", "2", "--json"]);
        Assert.Equal((0, ""), (plan.ExitCode, plan.Errors));
        JsonNode scale = JsonNode.Parse(plan.Output)!["scale"]!;
        Assert.NotNull(scale["plain"]);
        Assert.Null(scale["sharded_optimizer"]);
    }

    [Fact]
    public void Several_ranks_are_planned_for_as_JSON()
    {
        ProgramProcess plan = ProgramProcess.Run(_folder.Path,
        [
            "plan", "--preset", "gpt2-tiny", "--ranks", "4", "--bandwidth", "0.5", "--latency", "20", "--json",
            "--set", "training.batchSize=8", "--set", "training.gradientAccumulationSteps=3",
        ]);
        Assert.Equal((0, ""), (plan.ExitCode, plan.Errors));
        JsonNode json = JsonNode.Parse(plan.Output)!, scale = json["scale"]!, plain = scale["plain"]!, sharded = scale["sharded_optimizer"]!;
        Assert.Equal((4, 5e8, 2e-5), ((int)scale["ranks"]!, (double)scale["bandwidth_bytes_per_second"]!, (double)scale["latency_seconds"]!));
        Assert.False((bool)scale["bandwidth_is_assumed"]!);
        Assert.Equal((24, 6, 1), ((int)scale["sequences"]!, (int)scale["largest_share"]!, (int)scale["parts"]!));
        double exchange = (1.5 * (double)scale["gradient_bytes"]! / 5e8) + (6 * 2e-5 * (int)scale["buckets"]!);
        Assert.Equal(exchange, (double)plain["exchange_seconds"]!, 1e-9);
        Assert.Equal(exchange, (double)sharded["exchange_seconds"]!, 1e-9);
        Assert.Equal((double)plain["compute_seconds"]! + (double)plain["update_seconds"]! + (double)plain["waiting_seconds"]!, (double)plain["step_seconds"]!, 1e-9);
        Assert.Equal((double)plain["update_seconds"]! / 4, (double)sharded["update_seconds"]!, 1e-12);
        Assert.Equal((double)scale["one_rank_step_seconds"]! / (4 * (double)plain["step_seconds"]!), (double)plain["efficiency"]!, 1e-9);
        JsonNode memory = json["memory"]!.AsArray().Single(m => (int)m!["micro_batch"]! == 6)!;
        Assert.Equal((long)memory["total"]!, (long)plain["memory_bytes"]!);
        Assert.Equal((long)memory["total"]! - ((long)memory["optimizer"]! * 3 / 4), (long)sharded["memory_bytes"]!, 1.0);
        Assert.True((double)plain["update_seconds"]! > 0);
        Assert.True((double)plain["compute_seconds"]! > 0);
    }

    [Theory]
    [InlineData("--ranks is 0", "--ranks", "0")]
    [InlineData("There are 1000000 ranks, but a step reads", "--ranks", "1000000")]
    [InlineData("training.layerNorms", "--ranks", "2", "--set", "training.layerNorms=true", "--set", "training.shardOptimizer=true")]
    [InlineData("--bandwidth is 0", "--ranks", "2", "--bandwidth", "0")]
    [InlineData("--bandwidth is NaN", "--ranks", "2", "--bandwidth", "NaN")]
    [InlineData("--latency is -1", "--ranks", "2", "--latency", "-1")]
    [InlineData("--ranks is not given", "--bandwidth", "12")]
    [InlineData("--ranks is not given", "--latency", "12")]
    [InlineData("--bandwidth", "--ranks", "2", "--bandwidth", "fast")]
    public void Ranks_and_links_that_cannot_be_are_refused(string sentence, params string[] options) =>
        ProgramProcess.Run(_folder.Path, ["plan", "--preset", "gpt2-tiny", .. options]).AssertRefused(sentence);

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
