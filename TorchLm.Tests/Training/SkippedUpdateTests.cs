using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class SkippedUpdateTests
{
    private static readonly RunConfig s_config = TestRun.Config with
    {
        Training = TestRun.Config.Training with { Steps = 20, LogInterval = 5, SaveInterval = 6, EvalInterval = 100, SkipLimit = 3 },
    };

    [Fact]
    public void A_spoiled_update_is_left_out_counted_and_reported_and_the_run_goes_on()
    {
        using var folder = new TemporaryFolder();
        using var run = new TestRun(folder.Path, s_config, faults: "nan@7");
        Assert.Equal(StopReason.Finished, run.Run());
        Assert.Equal((1, 0), (run.Trainer.State.SkippedUpdates, run.Trainer.State.SkippedInARow));
        TrainingIncident incident = Assert.Single(run.Observer.Incidents);
        Assert.Equal((7, IncidentKind.SkippedUpdate), (incident.Step, incident.Kind));
        Assert.Equal("Step 7: the update is skipped, for its gradient norm is NaN (1 skipped so far).", incident.Message);
        Assert.Equal([0, 1, 1, 1], run.Observer.Steps.Select(s => s.SkippedUpdates));
        Assert.All(run.Observer.Steps, s => Assert.True(double.IsFinite(s.TrainLoss)));
        JsonNode line = File.ReadLines(run.Folder.MetricsPath).Select(l => JsonNode.Parse(l)!).Single(l => l["incident"] is not null);
        Assert.Equal(("skipped_update", 7), ((string)line["incident"]!, (long)line["step"]!));
    }

    [Fact]
    public void Nothing_but_the_spoiled_update_is_missing()
    {
        using TemporaryFolder spoiled = new(), stopped = new();
        using (var run = new TestRun(spoiled.Path, s_config, faults: "nan@7", stopAfter: 7)) run.Run();
        using (var run = new TestRun(stopped.Path, s_config, stopAfter: 6)) run.Run();
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(stopped.In("step-00000006", file)), File.ReadAllBytes(spoiled.In("step-00000007", file)));
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_resume_around_a_skipped_update_is_exact(int stop)
    {
        using TemporaryFolder whole = new(), parts = new();
        using (var run = new TestRun(whole.Path, s_config, faults: "nan@7,nan@8")) Assert.Equal(StopReason.Finished, run.Run());
        using (var run = new TestRun(parts.Path, s_config, faults: "nan@7,nan@8", stopAfter: stop)) run.Run();
        using (var run = new TestRun(parts.Path, s_config, faults: "nan@7,nan@8")) Assert.Equal(StopReason.Finished, run.Run());
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(whole.In("step-00000020", file)), File.ReadAllBytes(parts.In("step-00000020", file)));
        }
        Assert.Equal(ResumeTests.MetricsWithoutTimes(whole), ResumeTests.MetricsWithoutTimes(parts));
    }

    [Fact]
    public void Too_many_in_a_row_stop_the_run_where_that_is_wanted()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = s_config with { Training = s_config.Training with { OnDivergence = "stop" } };
        using var run = new TestRun(folder.Path, config, faults: "nan@8,nan@9,nan@10");
        Assert.Equal(StopReason.Diverged, run.Run());
        Assert.Equal("the loss or the gradient was not finite in 3 updates in a row, up to step 10", run.Trainer.Failure);
        Assert.Equal(6, run.Folder.LatestStep);
    }
}
