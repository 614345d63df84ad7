using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>Numbers that go wrong and memory that runs out, in the real program: the run says so and goes on.</summary>
public sealed class InjectedFaultTests : IDisposable
{
    private static readonly string[] s_train =
    [
        "train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.steps=12", "--set", "training.saveInterval=4", "--set", "training.evalInterval=6",
        "--set", "training.logInterval=1", "--set", "model.dropout=0", "--data", "corpus.txt",
    ];

    private readonly TemporaryFolder _folder = new();

    public InjectedFaultTests() => _folder.Write("corpus.txt", FaultScenario.SmallCorpus);

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void A_step_whose_gradients_are_NaN_is_skipped_said_and_counted()
    {
        string said = Done("nan@5", [.. s_train, "--out", "run"]);
        Assert.Contains("Step 5: the update is skipped, for its gradient norm is NaN (1 skipped so far).", said, StringComparison.Ordinal);
        JsonObject[] lines = Metrics("run");
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], lines.Where(l => l["train_loss"] is not null).Select(l => (int)l["skipped"]!));
        Assert.Equal(5, (int)Assert.Single(lines, l => (string?)l["incident"] == "skipped_update")["step"]!);
        Assert.True((double)lines[^1]["val_loss"]! < (double)lines[0]["val_loss"]!);
    }

    [LinuxFact]
    public void A_step_that_memory_ran_out_in_is_made_in_smaller_parts_and_the_run_ends_with_nearly_the_same_weights()
    {
        Done(null, [.. s_train, "--out", "whole"]);
        string said = Done("out-of-memory@5", [.. s_train, "--out", "run"]);
        Assert.Contains("Memory ran out at step 5: micro-batches of 8 sequences become 4, ", said, StringComparison.Ordinal);
        Assert.Equal(5, (int)Assert.Single(Metrics("run"), l => (string?)l["incident"] == "out_of_memory")["step"]!);
        byte[] expected = Weights("whole"), actual = Weights("run");
        Assert.NotEqual(expected, actual); // sums in another order, or the fault has struck nothing
        float[] difference = Differences(expected, actual);
        Assert.True(difference.Max() < 1e-3, $"a weight differs by {difference.Max()}");
    }

    [LinuxFact]
    public async Task A_step_that_memory_ran_out_in_and_a_signal_stopped_is_made_again_as_if_for_the_first_time()
    {
        string[] train = [.. s_train, "--set", "training.gradientAccumulationSteps=100", "--set", "training.evalInterval=100"];
        Done("out-of-memory@2", [.. train, "--out", "whole", "--max-steps", "3"]);
        var run = new RunFolder(_folder["run"]);
        using (FaultProcess process = new(_folder.Path, "out-of-memory@2", [.. train, "--out", "run", "--max-steps", "3"]))
        {
            Assert.True(await process.Until(() => process.Errors.Contains("Memory ran out at step 2", StringComparison.Ordinal)), process.Errors);
            process.Send("TERM");
            process.AssertEnds(130);
        }
        Assert.Null(Checkpoint.ReadState(run.StepPath(1)).MicroBatch);
        Done("out-of-memory@2", "train", "--resume", "run", "--max-steps", "3"); // the memory is no larger now
        FaultScenario.AssertSame(new RunFolder(_folder["whole"]), run, 3, "a signal in the step that memory ran out in");
    }

    [Theory]
    [InlineData("power-cut@3", "power-cut@3")]
    [InlineData("nan@", "nan@")]
    [InlineData("nan@-1", "nan@-1")]
    [InlineData("slow-saves=5,nan@x", "nan@x")]
    [InlineData("slow-saves=99999999", "slow-saves=99999999")]
    public void A_fault_that_there_is_not_is_refused(string faults, string named) =>
        Assert.Equal($"TORCHLM_FAULTS holds '{named}', but a fault is slow-saves=MS, nan@STEP or out-of-memory@STEP.",
            Assert.Throws<InputException>(() => InjectedFaults.Parse(faults)).Message);

    [LinuxFact]
    public void A_fault_that_there_is_not_begins_no_run()
    {
        using FaultProcess process = new(_folder.Path, "power-cut@3", [.. s_train, "--out", "run"]);
        process.AssertEnds(2);
        Assert.StartsWith("torchlm: TORCHLM_FAULTS holds 'power-cut@3', ", process.Errors, StringComparison.Ordinal);
        Assert.Single(process.Errors.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(_folder["run"]));
    }

    private static float[] Differences(byte[] expected, byte[] actual)
    {
        int header = 8 + (int)BitConverter.ToInt64(expected); // safetensors: the values come behind it
        Assert.Equal(expected.Length, actual.Length);
        Assert.Equal(expected[..header], actual[..header]);
        return [.. Enumerable.Range(0, (expected.Length - header) / 4).Select(i =>
            Math.Abs(BitConverter.ToSingle(expected, header + (4 * i)) - BitConverter.ToSingle(actual, header + (4 * i))))];
    }

    private byte[] Weights(string run) => File.ReadAllBytes(_folder.In(run, "step-00000012", "model.safetensors"));

    private JsonObject[] Metrics(string run) => [.. File.ReadLines(_folder.In(run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];

    private string Done(string? faults, params string[] arguments)
    {
        using FaultProcess process = new(_folder.Path, faults, arguments);
        process.AssertEnds(0);
        return process.Errors;
    }
}
