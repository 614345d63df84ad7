using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

/// <summary>Every option trains, and a run of it that was stopped and resumed ends with the same bytes.</summary>
public class OptionResumeTests
{
    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bytes(string option)
    {
        RunConfig config = TestRun.Config with
        {
            Model = ModelOptions.All[option],
            Training = TestRun.Config.Training with { Steps = 4, EvalInterval = 4, SaveInterval = 0, LogInterval = 1, ZLoss = 1e-3 },
        };
        using TemporaryFolder whole = new(), pieces = new();
        using (var run = new TestRun(whole.Path, config))
        {
            Dictionary<string, float[]> before = TinyGpt.Parameters(run.Model);
            Assert.Equal(StopReason.Finished, run.Run());
            Assert.All(TinyGpt.Parameters(run.Model), p => Assert.NotEqual(before[p.Key], p.Value));
        }
        Assert.Equal(StopReason.Cancelled, TestRun.RunIn(pieces.Path, config, stopAfter: 2));
        Assert.Equal(StopReason.Finished, TestRun.RunIn(pieces.Path, config));
        foreach (string name in (string[])["model.safetensors", "optimizer.safetensors"]) Assert.Equal(Read(whole, name), Read(pieces, name));
    }

    private static byte[] Read(TemporaryFolder folder, string name) => File.ReadAllBytes(Path.Combine(new RunFolder(folder.Path).StepPath(4), name));
}
