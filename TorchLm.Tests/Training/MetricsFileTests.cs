using System.Text.Json.Nodes;
using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class MetricsFileTests
{
    [Fact]
    public void Lines_hold_the_documented_fields()
    {
        using var folder = new TemporaryFolder();
        using (var run = new TestRun(folder.Path, TestRun.Config)) run.Run();
        JsonObject[] lines = Lines(folder);
        JsonObject[] steps = [.. lines.Where(l => l.ContainsKey("train_loss"))], evaluations = [.. lines.Where(l => l.ContainsKey("val_loss"))];
        Assert.Equal(lines.Length, steps.Length + evaluations.Length);
        Assert.Equal([.. Enumerable.Range(1, 14).Select(i => 7L * i), 100], steps.Select(Step));
        Assert.Equal([0, 25, 50, 75, 100], evaluations.Select(Step));
        foreach (JsonObject line in steps)
        {
            Assert.Equal(Step(line) * 2 * 8, (long)line["tokens"]!);
            Assert.InRange((double)line["train_loss"]!, 0.5, 3);
            Assert.InRange((double)line["lr"]!, 3e-4, 3e-3);
            Assert.InRange((double)line["grad_norm"]!, 1e-3, 100);
            Assert.True((double)line["tokens_per_second"]! > 0);
            Assert.InRange((double)line["mfu"]!, 0, 1);
            Assert.True((long)line["rss_mb"]! > 0);
        }
        foreach (JsonObject line in evaluations)
        {
            Assert.Equal(2 * 8 + 5, (long)line["val_tokens"]!);
            Assert.Equal((double)line["val_loss"]! / Math.Log(2) / 2, (double)line["val_bpb"]!, 1e-12); // two bytes a token
        }
    }

    [Fact]
    public void A_training_loss_is_the_mean_since_the_line_before()
    {
        using TemporaryFolder every = new(), third = new();
        foreach ((TemporaryFolder folder, int interval) in new[] { (every, 1), (third, 3) })
        {
            TestRun.RunIn(folder.Path, TestRun.Config with { Training = TestRun.Config.Training with { Steps = 8, LogInterval = interval } });
        }
        double[] losses = [.. Lines(every).Where(l => l.ContainsKey("train_loss")).Select(l => (double)l["train_loss"]!)];
        double[] means = [.. Lines(third).Where(l => l.ContainsKey("train_loss")).Select(l => (double)l["train_loss"]!)];
        Assert.Equal(8, losses.Length);
        Assert.Equal(3, means.Length);
        Assert.Equal(losses[..3].Average(), means[0], 1e-12);
        Assert.Equal(losses[3..6].Average(), means[1], 1e-12);
        Assert.Equal(losses[6..].Average(), means[2], 1e-12);
    }

    [Fact]
    public void A_value_that_is_no_number_is_null()
    {
        using var folder = new TemporaryFolder();
        using (Gpt model = new(TinyGpt.Config))
        using (var file = new MetricsFile(folder.In("metrics.jsonl"), 0))
        {
            file.OnStep(new StepMetrics(1, 2, double.NaN, 0.1, double.PositiveInfinity, null, 4, 3, null, 1 << 20));
            file.OnEvaluation(new EvaluationMetrics(1, new Evaluation(9, double.NaN, 2), false), model);
        }
        Assert.Equal(
            """
            {"step":1,"tokens":2,"train_loss":null,"loss_z":null,"lr":0.1,"grad_norm":null,"skipped":4,"tokens_per_second":3,"mfu":null,"rss_mb":1}
            {"step":1,"val_loss":null,"val_bpb":null,"val_tokens":9,"seconds":0}

            """.ReplaceLineEndings("\n"), File.ReadAllText(folder.In("metrics.jsonl")));
    }

    [Fact]
    public void A_resumed_run_drops_the_lines_of_steps_that_it_makes_again()
    {
        using var folder = new TemporaryFolder();
        string[] kept = ["""{"step":0,"val_loss":2.5}""", """{"step":5,"train_loss":2}""", """{"step":10,"train_loss":1.5}""", """{"step":10,"val_loss":2}"""];
        string[] dropped = ["""{"step":15,"train_loss":1}""", """{"step":20,"train""", "", "[1]", """{"note":"no step"}"""];
        File.WriteAllText(folder.In("metrics.jsonl"), string.Join('\n', kept.Concat(dropped)));
        new MetricsFile(folder.In("metrics.jsonl"), continueAt: 10).Dispose();
        Assert.Equal(string.Concat(kept.Select(l => l + "\n")), File.ReadAllText(folder.In("metrics.jsonl")));
    }

    [Fact]
    public void A_new_run_starts_a_new_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.In("metrics.jsonl"), """{"step":0,"val_loss":2.5}""" + "\n");
        new MetricsFile(folder.In("metrics.jsonl"), continueAt: 0).Dispose();
        Assert.Empty(File.ReadAllBytes(folder.In("metrics.jsonl")));
        Assert.Equal(["metrics.jsonl"], folder.Files());
    }

    [Fact]
    public void Lines_are_on_disk_as_they_happen()
    {
        using var folder = new TemporaryFolder();
        using var file = new MetricsFile(folder.In("metrics.jsonl"), 0);
        file.OnStep(new StepMetrics(1, 2, 3, 4, 5, 6, 7, 8, 0.25, 9));
        Assert.Single(Lines(folder));
    }

    private static long Step(JsonObject line) => (long)line["step"]!;

    private static JsonObject[] Lines(TemporaryFolder folder)
    {
        using var stream = new FileStream(folder.In("metrics.jsonl"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.AsObject())];
    }
}
