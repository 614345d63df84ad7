using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

/// <summary>Every option trains, and a run of it that was stopped and resumed ends with the same bytes.</summary>
public class OptionResumeTests
{
    public static TheoryData<string> Options => ModelOptions.Names;

    public static TheoryData<string, string> OtherOptimizers
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string option in new[] { "llama", "modern", "modern with windows and one head of keys" })
            {
                foreach (string optimizer in new[] { "muon", "lion", "sgd" }) data.Add(option, optimizer);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bytes(string option) => AssertResumes(option, TestRun.Config.Optimizer);

    [Theory]
    [MemberData(nameof(OtherOptimizers))]
    public void So_does_one_with_another_optimizer(string option, string optimizer) => AssertResumes(option,
        TestRun.Config.Optimizer with { Name = optimizer, LearningRate = optimizer == "sgd" ? 1 : 3e-3 }); // all parameters are to move

    private static void AssertResumes(string option, OptimizerConfig optimizer)
    {
        RunConfig config = TestRun.Config with
        {
            Model = ModelOptions.All[option],
            Optimizer = optimizer,
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
