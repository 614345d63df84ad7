using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Training;

public class MemoryTests
{
    /// <summary>Steps, lines of metrics, evaluations and checkpoints: whatever makes a tensor disposes it.</summary>
    [Fact]
    public void Thousands_of_steps_leave_no_tensor_behind()
    {
        using var folder = new TemporaryFolder();
        RunConfig config = TestRun.Config with
        {
            Training = TestRun.Config.Training with { Steps = 2000, BatchSize = 1, LogInterval = 10, EvalInterval = 200, SaveInterval = 500 },
        };
        var live = new List<long>();
        using var run = new TestRun(folder.Path, config, beforeStep: (step, _) => { if (step % 50 == 1) live.Add(LiveTensors.OfThisThread); });
        run.Run();
        Assert.Equal(40, live.Count);
        Assert.All(live.Skip(5), count => Assert.Equal(live[5], count)); // the first save makes the copies that all saves are written from
    }
}
