using TorchLm.Core.Devices;

namespace TorchLm.Tests.Devices;

public sealed class HostMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly TemporaryFolder _root = new();

    public HostMemoryTests() => _root.Write("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:   1 kB\nMemAvailable:    8192000 kB\n");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Without_groups_it_is_what_the_system_has_left() => Assert.Equal(8192000L * 1024, HostMemory.AvailableIn(_root.Path));

    [Fact]
    public void A_group_leaves_its_limit_less_its_use_less_what_is_only_cached()
    {
        _root.Write("proc/self/cgroup", "0::/system.slice/job\n");
        Group("sys/fs/cgroup/system.slice/job", "memory.max", $"{1000 * MiB}\n", "memory.current", $"{600 * MiB}\n", $"anon 1\ninactive_file {100 * MiB}\n");
        Assert.Equal(500 * MiB, HostMemory.AvailableIn(_root.Path));
    }

    [Fact]
    public void The_tightest_of_the_groups_above_counts()
    {
        _root.Write("proc/self/cgroup", "0::/a/b\n");
        Group("sys/fs/cgroup/a/b", "memory.max", "max\n", "memory.current", $"{1 * MiB}\n", "");
        Group("sys/fs/cgroup/a", "memory.max", $"{300 * MiB}\n", "memory.current", $"{50 * MiB}\n", "");
        Assert.Equal(250 * MiB, HostMemory.AvailableIn(_root.Path));
    }

    [Fact]
    public void In_a_container_the_mount_is_the_group_itself()
    {
        _root.Write("proc/self/cgroup", "0::/../../unknown\n");
        Group("sys/fs/cgroup", "memory.max", $"{300 * MiB}\n", "memory.current", $"{100 * MiB}\n", "");
        Assert.Equal(200 * MiB, HostMemory.AvailableIn(_root.Path));
    }

    [Fact]
    public void Groups_of_the_first_version_count_as_well()
    {
        _root.Write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/jobs/7\n0::/\n");
        Group("sys/fs/cgroup/memory/jobs/7", "memory.limit_in_bytes", $"{400 * MiB}\n", "memory.usage_in_bytes", $"{350 * MiB}\n", $"total_inactive_file {30 * MiB}\n");
        Group("sys/fs/cgroup/memory", "memory.limit_in_bytes", "9223372036854771712\n", "memory.usage_in_bytes", "1\n", "");
        Assert.Equal(80 * MiB, HostMemory.AvailableIn(_root.Path));
    }

    [Fact]
    public void This_machine_has_some() => Assert.InRange(HostMemory.Available(), MiB, 1L << 50);

    private void Group(string folder, string limitName, string limit, string usageName, string usage, string statistics)
    {
        _root.Write($"{folder}/{limitName}", limit);
        _root.Write($"{folder}/{usageName}", usage);
        _root.Write($"{folder}/memory.stat", statistics);
    }
}
