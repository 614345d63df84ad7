using TorchLm.Core.Devices;

namespace TorchLm.Tests.Devices;

/// <summary>Cores counted in folders that stand for a machine's /proc and /sys.</summary>
public sealed class ProcessorTopologyTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("0-7", 4)]  // everything: four cores of two threads
    [InlineData("0,4", 1)]  // both threads of one core
    [InlineData("0-3", 4)]  // one thread of each core
    [InlineData("1,5-6", 2)]
    public void Processors_of_one_core_count_once(string affinity, int cores)
    {
        Machine(affinity, [.. Enumerable.Range(0, 8).Select(i => $"{i % 4},{i % 4 + 4}")]);
        Assert.Equal(cores, ProcessorTopology.PhysicalCores(_root.Path));
    }

    [Fact]
    public void Without_hyper_threading_every_processor_is_a_core()
    {
        Machine("0-2", "0", "1", "2");
        Assert.Equal(3, ProcessorTopology.PhysicalCores(_root.Path));
    }

    [Fact]
    public void Processors_allowed_and_running_are_counted()
    {
        Assert.Null(ProcessorTopology.Allowed(_root.Path));
        Assert.Null(ProcessorTopology.Online(_root.Path));
        Machine("1,3-4");
        _root.Write("sys/devices/system/cpu/online", "0-7\n");
        Assert.Equal(3, ProcessorTopology.Allowed(_root.Path));
        Assert.Equal(8, ProcessorTopology.Online(_root.Path));
    }

    [Fact]
    public void What_is_not_described_is_not_known()
    {
        Assert.Null(ProcessorTopology.PhysicalCores(_root.Path));
        Machine("0-1", "0"); // the second one is missing
        Assert.Null(ProcessorTopology.PhysicalCores(_root.Path));
        Machine("all", "0", "1");
        Assert.Null(ProcessorTopology.PhysicalCores(_root.Path));
    }

    [Theory]
    [InlineData("3", new[] { 3 })]
    [InlineData("0-2,8,10-11", new[] { 0, 1, 2, 8, 10, 11 })]
    [InlineData(" 0 \n", new[] { 0 })]
    [InlineData("", new int[0])]
    [InlineData("x", null)]
    [InlineData("2-1", null)]
    [InlineData("1-2-3", null)]
    [InlineData("-1", null)]
    public void The_kernel_s_list_format_is_read(string text, int[]? expected) => Assert.Equal(expected, ProcessorTopology.ParseList(text));

    private void Machine(string affinity, params string[] siblings)
    {
        _root.Write("proc/self/status", $"Name:\ttorchlm\nCpus_allowed:\tff\nCpus_allowed_list:\t{affinity}\nMems_allowed_list:\t0\n");
        for (int i = 0; i < siblings.Length; i++) _root.Write($"sys/devices/system/cpu/cpu{i}/topology/thread_siblings_list", siblings[i] + "\n");
    }
}
