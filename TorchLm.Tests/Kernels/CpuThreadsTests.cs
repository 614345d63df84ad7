using TorchLm.Core.Kernels;

namespace TorchLm.Tests.Kernels;

public class CpuThreadsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(97)]
    public void Every_task_is_done_once(int tasks)
    {
        var done = new int[tasks];
        CpuThreads.Run(tasks, done, static (in int[] counts, int task) => Interlocked.Increment(ref counts[task]));
        Assert.All(done, count => Assert.Equal(1, count));
    }

    [Fact]
    public void On_Linux_libtorchs_own_threads_are_used() => Assert.Equal(OperatingSystem.IsLinux(), CpuThreads.Available);

    [Fact]
    public void An_exception_in_a_task_reaches_the_caller()
    {
        var thrown = Assert.Throws<InvalidOperationException>(() => CpuThreads.Run(8, 5, static (in int at, int task) =>
        {
            if (task == at) throw new InvalidOperationException("task 5");
        }));
        Assert.Equal("task 5", thrown.Message);
    }

    [Fact]
    public void It_works_while_garbage_is_collected()
    {
        var sums = new long[64];
        for (int round = 0; round < 200; round++)
        {
            CpuThreads.Run(sums.Length, sums, static (in long[] s, int task) =>
            {
                var junk = new List<byte[]>();
                for (int i = 0; i < 20; i++) junk.Add(new byte[1000]);
                s[task] += junk.Count;
            });
            if (round % 10 == 0) GC.Collect();
        }
        Assert.All(sums, sum => Assert.Equal(4000, sum));
    }
}
