using TorchLm.Core.Configuration;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class CancellationTests
{
    /// <summary>A step of many micro-batches may take minutes: whoever asks to stop gets what stood before it.</summary>
    [Fact]
    public void A_step_under_way_is_left_between_two_micro_batches_and_made_again_after_a_resume()
    {
        RunConfig config = TestRun.Config with { Training = TestRun.Config.Training with { Steps = 10, GradientAccumulationSteps = 4, SaveInterval = 3 } };
        using TemporaryFolder whole = new(), parts = new();
        TestRun.RunIn(whole.Path, config);
        using (var run = new TestRun(parts.Path, config, stopAt: 5 * 4 + 2)) // in the second of step 6's
        {
            Assert.Equal(StopReason.Cancelled, run.Run());
            Assert.Equal(5, run.Trainer.State.Step);
            Assert.Equal(5, run.Folder.LatestStep);
            Assert.All(run.Model.parameters(), p => Assert.Null(p.grad));
        }
        TestRun.RunIn(parts.Path, config);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(whole.In("step-00000010", file)), File.ReadAllBytes(parts.In("step-00000010", file)));
        }
        Assert.Equal(ResumeTests.MetricsWithoutTimes(whole), ResumeTests.MetricsWithoutTimes(parts));
    }
}
