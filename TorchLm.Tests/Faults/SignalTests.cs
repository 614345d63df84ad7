using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>Signals that ask a run to end, in each of its phases: it saves, says how to go on, and goes on as if nothing had been.</summary>
public sealed class SignalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData("INT", "first evaluation", "training.evalBatches=20000")]
    [InlineData("TERM", "one long step", "training.gradientAccumulationSteps=100000")]
    [InlineData("HUP", "save", "training.saveInterval=2")]
    [InlineData("TERM", "steps", "training.steps=100000")]
    public async Task The_run_is_saved_and_can_be_continued(string signal, string phase, string setting)
    {
        var run = new RunFolder(_folder["run"]);
        string? faults = phase == "save" ? "slow-saves=300" : null;
        using (FaultProcess process = new(_folder.Path, faults, "train", "--preset", "gpt2-tiny", "--precision", "fp32", "--out", "run", "--set", "training.logInterval=1", "--set", setting))
        {
            Assert.True(await process.Until(() => phase switch
            {
                "first evaluation" => File.Exists(run.MetricsPath),
                "save" => Directory.Exists(run.Path) && Directory.EnumerateDirectories(run.Path, "step-*.tmp").Any(),
                "one long step" => File.Exists(run.MetricsPath) && new FileInfo(run.MetricsPath).Length > 0,
                _ => FaultScenario.LastStep(run) > 3,
            }), process.Errors);
            if (phase == "one long step") await Task.Delay(300);
            process.Send(signal);
            process.AssertEnds(130);
            Assert.Matches(@"Interrupted; saved at step [\d,]+\. Continue with: torchlm train --resume run", process.Errors);
        }
        Assert.Equal(phase is "first evaluation" or "one long step" ? 0 : run.LatestStep, run.LatestStep);
        Checkpoint.Verify(run.StepPath(run.LatestStep!.Value));
        Assert.Empty(Directory.EnumerateFileSystemEntries(run.Path, "*.tmp"));
        Assert.False(File.Exists(_folder["run/run.lock"]));
        string[] shorter = phase switch
        {
            "first evaluation" => ["--set", "training.evalBatches=2"],
            "one long step" => ["--set", "training.gradientAccumulationSteps=1"],
            _ => [],
        };
        using (FaultProcess process = new(_folder.Path, null, ["train", "--resume", "run", "--max-steps", $"{run.LatestStep + 2}", .. shorter])) process.AssertEnds(0);
        Assert.Equal(run.LatestStep, FaultScenario.LastStep(run));
    }

    /// <summary>An evaluation that is left half-way is made again by the next process, which ends with the same bytes and measurements.</summary>
    [LinuxFact]
    public async Task A_signal_in_an_evaluation_between_steps_changes_nothing()
    {
        string[] train = ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.steps=20", "--set", "training.evalInterval=15", "--set", "training.evalBatches=300",
            "--set", "training.logInterval=1", "--data", _folder.Write("corpus.txt", FaultScenario.SmallCorpus)];
        using (FaultProcess process = new(_folder.Path, null, [.. train, "--out", "whole"])) process.AssertEnds(0);
        var run = new RunFolder(_folder["run"]);
        using (FaultProcess process = new(_folder.Path, null, [.. train, "--out", "run"]))
        {
            Assert.True(await process.Until(() => FaultScenario.LastStep(run) >= 15), process.Errors);
            process.Send("INT");
            process.AssertEnds(130);
        }
        Assert.True(Checkpoint.ReadState(run.StepPath(15)).EvaluationDue); // it was in the middle of it
        using (FaultProcess process = new(_folder.Path, null, "train", "--resume", "run")) process.AssertEnds(0);
        FaultScenario.AssertSame(new RunFolder(_folder["whole"]), run, 20, "a signal in an evaluation");
    }

    /// <summary>Before the run has begun there is nothing to save, and nothing is left that the next attempt would stumble over.</summary>
    [LinuxFact]
    public async Task A_signal_while_data_is_prepared_leaves_nothing_behind()
    {
        string corpus = _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 700_000).Select(i => $"{i} and {i / 3}.")));
        string[] train = ["train", "--preset", "gpt2-tiny", "--out", "run", "--data"];
        foreach (string signal in (string[])["INT", "TERM", "HUP"])
        {
            using FaultProcess process = new(_folder.Path, null, [.. train, corpus, "--set", "data.tokenizer=bpe"]);
            Assert.True(await process.Until(() => Directory.Exists(_folder["run/data"])), process.Errors);
            process.Send(signal);
            process.AssertEnds(130);
            Assert.Equal("torchlm: Interrupted.", process.Errors.TrimEnd().Split('\n')[^1].Trim());
            Assert.False(Directory.Exists(_folder["run"]));
        }
        string other = _folder.Write("other.txt", new string('a', 500) + new string('b', 500));
        using (FaultProcess process = new(_folder.Path, null, [.. train, other, "--max-steps", "1"])) process.AssertEnds(0);
    }

    /// <summary>All steps are made and saved by then: nothing is lost but the last figures.</summary>
    [LinuxFact]
    public async Task A_signal_in_the_last_evaluation_loses_nothing()
    {
        string corpus = _folder.Write("corpus.txt", string.Join('\n', Enumerable.Range(0, 400_000).Select(i => $"{i} and {i / 3}.")));
        var run = new RunFolder(_folder["run"]);
        using FaultProcess process = new(_folder.Path, null, "train", "--preset", "gpt2-tiny", "--precision", "fp32", "--data", corpus, "--out", "run", "--set", "training.steps=3",
            "--set", "training.evalBatches=1", "--set", "data.tokenizer=char", "--set", "model.layerCount=1");
        if (await process.Until(() => process.Output.Contains("Best validation estimate", StringComparison.Ordinal))) process.Send("TERM");
        int code = process.End();
        Assert.True(code is 130 or 0, process.Errors); // 0: it was faster than the signal
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
        Assert.Equal(3, run.LatestStep);
        Checkpoint.Verify(run.StepPath(3));
    }
}
